#!/bin/sh
# `flotilla watcher|renderer|agent` starts an app; anything else goes to the operator's command.
set -eu
case "${1:-}" in
  watcher | renderer | agent)
    app=$1
    shift
    exec node "/flotilla/apps/$app/dist/main.js" "$@"
    ;;
  *) exec node /flotilla/apps/cli/dist/main.js "$@" ;;
esac
