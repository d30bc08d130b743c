"""Renders one template over and over with the real Jinja2, for test/bench/render.ts.

First line on stdin: {"source": str, "context": {...}}. Then each empty line renders once and is answered by the
milliseconds it took; the line "text" is answered by the rendered text as JSON. Reading the context and compiling the
template are not counted.
"""

import json
import sys
import time

import jinja2


def main():
    request = json.loads(sys.stdin.readline())
    template = jinja2.Environment().from_string(request["source"])
    context = request["context"]
    text = ""
    for line in sys.stdin:
        if line.strip() == "text":
            print(json.dumps(text), flush=True)
            continue
        began = time.perf_counter()
        text = template.render(context)
        print((time.perf_counter() - began) * 1000, flush=True)


if __name__ == "__main__":
    main()
