"""Renders templates with the real Jinja2: one JSON request a line on stdin, one JSON answer a line on stdout.

Request:  {"source": str | null, "entry": str | null, "templates": {name: source}, "context": {...}, "options": {...}}
Answer:   {"output": str} or {"error": {"type": str, "message": str, "line": int | null}}

Options are Jinja2's own Environment options. A render that takes longer than LIMIT_S seconds answers with the
error type "Timeout".
"""

import json
import signal
import sys
import traceback

import jinja2
import jinja2.sandbox

LIMIT_S = 5
EXTENSIONS = ["jinja2.ext.do", "jinja2.ext.loopcontrols"]


class Timeout(BaseException):
    pass


def on_alarm(_signal, _frame):
    raise Timeout(f"took longer than {LIMIT_S} s")


def environment(request):
    options = dict(request.get("options") or {})
    options.setdefault("extensions", EXTENSIONS)
    if "undefined" in options:
        options["undefined"] = getattr(jinja2, options["undefined"])
    kind = jinja2.Environment
    if "sandbox" in options:
        kind = getattr(jinja2.sandbox, options.pop("sandbox"))
    policies = options.pop("policies", {})
    env = kind(loader=jinja2.DictLoader(request.get("templates") or {}), **options)
    env.policies.update(policies)
    env.globals.update(request.get("globals") or {})
    return env


def line_of(error):
    """The template line: a syntax error's own, else the deepest frame inside a template."""
    if isinstance(error, jinja2.TemplateSyntaxError):
        return error.lineno
    line = None
    for frame, number in traceback.walk_tb(error.__traceback__):
        if frame.f_globals.get("__jinja_template__") is not None or frame.f_code.co_filename == "<template>":
            line = number
    return line


def answer(request):
    signal.setitimer(signal.ITIMER_REAL, LIMIT_S)
    try:
        env = environment(request)
        source = request.get("source")
        template = env.get_template(request["entry"]) if source is None else env.from_string(source)
        output = template.render(request.get("context") or {})
        json.dumps(output).encode("utf-8")
        return {"output": output}
    except (Timeout, Exception) as error:
        return {"error": {"type": type(error).__name__, "message": str(error), "line": line_of(error)}}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def main():
    signal.signal(signal.SIGALRM, on_alarm)
    print(json.dumps({"jinja2": jinja2.__version__, "python": sys.version.split()[0]}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
