import { type FleetName, FlotillaError } from '@flotilla/domain';

/** Thrown when a fleet has no inputs in Redis: no watcher wrote any since Redis has its data. */
export class InputsAbsentError extends FlotillaError {
  constructor(fleet: FleetName) {
    super('inputs-absent', `fleet ${fleet} has no inputs in Redis yet: is a watcher running for it?`, {
      data: { fleet },
    });
  }
}

/** Thrown when Redis answered with something that no script here returns. */
export class InputsReplyError extends FlotillaError {
  constructor(fleet: FleetName, script: string, reply: string) {
    super('inputs-reply', `${script} of fleet ${fleet} answered "${reply}": is another version at work?`, {
      data: { fleet, script },
    });
  }
}

/** Thrown when the inputs changed faster than they could be read whole. */
export class InputsRestlessError extends FlotillaError {
  constructor(fleet: FleetName, attempts: number) {
    super('inputs-restless', `the inputs of fleet ${fleet} could not be read whole in ${attempts} attempts`, {
      data: { fleet, attempts },
    });
  }
}
