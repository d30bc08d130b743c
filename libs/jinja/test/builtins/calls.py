"""Calls of filters, tests, methods and formats with random arguments, and what Python and Jinja2 make of them.

    /usr/bin/python3 test/builtins/calls.py SEED COUNT

prints COUNT JSON lines: {"kind", "name", "args", "kwargs", "autoescape", and "result" or "error"}. calls.jsonl holds
those of seed 1. Values that JSON does not tell apart are tagged: {"int"}, {"float"}, {"tuple"}, {"dict"}, {"markup"}.
"""

import html
import json
import random
import sys
import textwrap

import jinja2
from markupsafe import Markup

pick = random.choice
PLAIN = jinja2.Environment()
ESCAPING = jinja2.Environment(autoescape=True)

TEXTS = [
    "", "a", "abc", "Hello World", "hello world foo", "ÀÉß straße", "ﬁnd ǆ", "ὈΔΥΣΣΕΎΣ ΑΣ", "a,b,,c", ",a,", "  x  y ",
    "\tA\tbb\n c", "a\nb\r\nc\n\n", "x\u2028y\x1cz", "123", "٣٤", "½²", "-42", "+7", "3.5", "_id9", "iS tHiS", "aaaa",
    "<b>x & y</b>", "😀b😀", "\"q\" 's'", "ABC", "Title Case", "they're bill's", "x-y(z w)[q", "İı", "a" * 30 + " bb " + "d" * 20,
    "http://example.com/a?b=c&d (www.x.org) foo@bar.com, mailto:a@b.co.", "foo.bar.baz", "the quick brown fox jumps " * 4,
    "$%s", "100%", "<p>a &amp; b</p> <!-- x -- > --> c", "<a", "see http://a.b.com/x_(y) ok", "https://[::1]:80/ 1.2.3.4",
]
PARTS = ["a", "b", ",", "o", "l", "", " ", "x", "aa", "😀", "S", "\n", "ab", "hello", "é", "<", "b>"]
WORDS = ["foo", "foo-bar", "a", "--", "hello-world-x", "well--known", "x-", "-y", '"q"', "é-ü-b", "1-2", "ab-cd",
         "verylongwordthatislong", "(a-b)", "\t", "  ", "e.g.-x", "--option", "a--b", "😀-😀😀", "over-the-top"]
ENTITIES = ["&amp;", "&lt", "&nosuch;", "&notit;", "&eacute", "&#65;", "&#x41", "&#128;", "&#0;", "&#55296;", "&#1;", "&am",
            "&", "&;", "&ngE;", "&copy2", "&#13;", "x", " ", "<", "&#9999999999;", "&NewLine;"]
USERS = [{"n": "Bob", "a": 30, "c": "NY"}, {"n": "al", "a": 25, "c": "ny"}, {"n": "Cy", "a": 30}, {"n": "bob", "a": 3, "c": "LA"}]
LISTS = [[3, 1, 2], ["b", "A", "a", "B"], ["foo", "Foo", "bar"], [1.5, 1, True, 0], [], "hello", {"b": 1, "a": 2, "C": 3},
         [[2, 1], [1, 2]], (3, 2, 1), [1, "a"], [None, 1], USERS, {"x": [1]}, ["x", Markup("<b>"), "&"], [1, 2, 3, 4, 5, 6, 7]]
NUMBERS = [0, 1, -1, 5, 15, 25, -25, 1234, 2.5, -2.5, 0.5, 1.15, 2.675, 1e300, 1234.5678, -0.0, float("inf"), float("nan"), 10**20, True,
           255, -1234567, 2**53 - 1, 1e16, 1e15, 1e-5, 1e-4, 0.00001234, 9.9996, 99.95, 5e-324, 1.7976931348623157e308]
NUMERIC = NUMBERS + ["12", "3.7", "abc", "0x1f", " 42 ", "1_000", "1e3", "inf", None, [1], "-5.5", "٣", ""]
COUNTS = [0, 1, 2, 3, 5, -1, 7, 12, 20]
INDEXES = [0, 1, 2, 3, 5, -1, -2, 10, 100, -100, None]


def text():
    return pick(TEXTS)


def part():
    return pick(PARTS)


def flag():
    return pick([True, False])


def number():
    return pick([pick(NUMBERS), random.uniform(-1000, 1000), random.random() * 10 ** random.randint(-20, 20), random.randint(-10**6, 10**6)])


def value(depth=0):
    kind = random.random()
    if kind < 0.3:
        return pick([0, 1, 2, -3, 1.5, 2.0, None, True, False, 10**20, 7, 100, 1e16])
    if kind < 0.6 or depth > 2:
        return text()
    if kind < 0.65:
        return Markup(text())
    if kind < 0.8:
        return [value(depth + 1) for _ in range(random.randint(0, 4))]
    if kind < 0.9:
        return {part(): value(depth + 1) for _ in range(random.randint(0, 4))}
    return tuple(value(depth + 1) for _ in range(random.randint(0, 3)))


def items():
    return pick(LISTS)


METHODS = {
    **{name: [lambda: ()] for name in (
        "upper lower capitalize title swapcase casefold isalnum isalpha isascii isdecimal isdigit isidentifier islower isnumeric "
        "isprintable isspace istitle isupper encode").split()},
    **{name: [lambda: (), lambda: (part(),)] for name in "strip lstrip rstrip".split()},
    **{name: [lambda: (part(),)] for name in "partition rpartition removeprefix removesuffix".split()},
    **{name: [lambda: (part(),), lambda: (part(), pick(INDEXES), pick(INDEXES))] for name in "count find rfind index rindex".split()},
    **{name: [lambda: (part(),), lambda: ((part(), part()),), lambda: (part(), pick(INDEXES))] for name in "startswith endswith".split()},
    **{name: [lambda: (), lambda: (part(),), lambda: (part(), pick(COUNTS)), lambda: (None, pick(COUNTS))] for name in "split rsplit".split()},
    **{name: [lambda: (pick(COUNTS),), lambda: (pick(COUNTS), pick(["*", "é", "", "ab", "<"]))] for name in "center ljust rjust".split()},
    "replace": [lambda: (part(), part()), lambda: (part(), part(), pick(COUNTS))],
    "splitlines": [lambda: (), lambda: (True,)],
    "expandtabs": [lambda: (), lambda: (pick(COUNTS),)],
    "zfill": [lambda: (pick(COUNTS),)],
    "join": [lambda: ([text(), part()],), lambda: (text(),), lambda: ([1],)],
}


def call(*args, **kwargs):
    return args, kwargs


def some(**kwargs):
    """Each of the keyword arguments, or not."""
    return {name: argument for name, argument in kwargs.items() if flag()}


FILTERS = {
    "abs": [lambda: call(pick(NUMERIC))],
    "int": [lambda: call(pick(NUMERIC)), lambda: call(pick(NUMERIC), 7, pick([10, 16, 2, 8, 0, 36, 40]))],
    "float": [lambda: call(pick(NUMERIC)), lambda: call(pick(NUMERIC), pick([1.5, 3, None]))],
    "round": [lambda: call(pick(NUMERIC)), lambda: call(pick(NUMERIC), pick([0, 1, 2, -1, -2, 3]), method=pick(["common", "ceil", "floor", "x"]))],
    "filesizeformat": [lambda: call(pick([pick(NUMERIC), 10 ** random.randint(0, 30), 1023, 1024, 1048576, 999999]), flag())],
    **{name: [lambda: call(value())] for name in (
        "upper lower capitalize title string wordcount escape forceescape safe length list pprint tojson urlencode").split()},
    "trim": [lambda: call(text()), lambda: call(text(), part())],
    "center": [lambda: call(text(), pick(COUNTS))],
    "replace": [lambda: call(value(), part(), pick([part(), Markup("<i>")])), lambda: call(text(), part(), part(), pick(COUNTS))],
    "indent": [lambda: call(pick([text(), Markup(text())]), pick([pick(COUNTS), "> ", Markup("<b>")]), flag(), flag())],
    "truncate": [lambda: call(pick([text(), Markup(text())]), random.randint(0, 20), flag(), **some(end=pick(["...", "", "<", Markup("&hellip;")]), leeway=pick([0, 1, 5])))],
    "wordwrap": [lambda: call(text(), random.randint(1, 20), **some(break_long_words=False, wrapstring="|", break_on_hyphens=False))],
    "format": [lambda: call("%s|%s", value(), value()), lambda: call("%(a)s", a=value())],
    "striptags": [lambda: call(text())],
    "xmlattr": [lambda: call(pick([{"class": "x y", "id": 1, "n": None, "q": "\"<>'"}, {"a b": 1}, {}, {"x": Markup("<")}, 5]))],
    "urlize": [lambda: call(text(), **some(trim_url_limit=pick([5, 10]), nofollow=True, target="_blank", rel="a b")), lambda: call("tel:123 ftp://x", extra_schemes=["tel:", "ftp://"])],
    "sort": [lambda: call(items(), **some(reverse=True, case_sensitive=True)), lambda: call(USERS, attribute=pick(["n", "a,n", "a", "n,a", "c"]))],
    "unique": [lambda: call(items(), flag()), lambda: call(USERS, attribute=pick(["n", "a", "c"]))],
    "min": [lambda: call(items()), lambda: call(USERS, attribute=pick(["n", "a"]))],
    "max": [lambda: call(items()), lambda: call(USERS, attribute=pick(["n", "a"]))],
    "groupby": [lambda: call(USERS, pick(["n", "a", "c"]), **some(case_sensitive=True, default=pick(["x", "NY"])))],
    "dictsort": [lambda: call(pick([{"b": 1, "A": 3, "c": 2}, {"x": "B", "y": "a"}, {}, [1]]), flag(), pick(["key", "value", "x"]), flag())],
    **{name: [lambda: call(items())] for name in "first last reverse items".split()},
    "join": [lambda: call(items(), pick([",", Markup("<br>"), "<", 1])), lambda: call(USERS, "-", attribute=pick(["n", "zz", "a"]))],
    "slice": [lambda: call(items(), pick([1, 2, 3, 4, 0, -1]), *pick([[], ["x"]]))],
    "batch": [lambda: call(items(), pick([1, 2, 3, 0]), *pick([[], ["x"]]))],
    "sum": [lambda: call(items()), lambda: call(USERS, "a"), lambda: call([[1], [2]], start=[])],
    "map": [lambda: call(USERS, attribute=pick(["n", "c", "n.0"]), **some(default="-")), lambda: call(items(), *pick([[], ["upper"], ["nope"]]))],
    "select": [lambda: call(items(), *pick([[], ["odd"], ["string"], ["nope"]]))],
    "reject": [lambda: call(items(), "gt", 2)],
    "selectattr": [lambda: call(USERS, *pick([[], ["c"], ["a", "gt", 20], ["c", "equalto", "NY"]]))],
    "rejectattr": [lambda: call(USERS, *pick([["c"], ["n", "in", ["Bob", "al"]]]))],
    "default": [lambda: call(value(), "d", flag())],
    "attr": [lambda: call(value(), pick(["a", "zz"]))],
}
UNARY = "boolean callable defined escaped even false float integer iterable lower mapping none number odd sequence string true undefined upper".split()
BINARY = "divisibleby in == eq equalto != ne > gt greaterthan ge >= < lt lessthan <= le".split()


def format_spec():
    return "".join([
        pick(["", "", "<", ">", "^", "=", "*<", "0>", "x^", "_="]), pick(["", "", "+", "-", " "]), pick([""] * 9 + ["z"]),
        pick(["", "", "", "#"]), pick(["", "", "0"]), pick(["", "5", "12", "20", "1"]), pick(["", "", "", ",", "_"]),
        pick(["", "", ".0", ".1", ".3", ".10", ".20"]),
        pick(["", "d", "b", "o", "x", "X", "c", "e", "E", "f", "F", "g", "G", "n", "%", "s"])])


def percent():
    spec = "%" + "".join([
        "".join(random.sample("-+ #0", pick([0, 0, 1, 1, 2]))), pick(["", "", "5", "12", "*"]),
        pick(["", "", ".0", ".", ".1", ".3", ".10", ".*"]), pick(["", "", "l"]), pick(pick(["diouxXeEfFgGcrsa%y", "dxfgse"]))])
    args = [random.randint(-8, 12) for character in spec if character == "*"]
    args.append(number() if random.random() < 0.8 else pick(["", "a", "abc", "é", "5", None]))
    return pick(["", "", "a"]) + spec, tuple(args) if len(args) > 1 or flag() else args[0]


def run_filter(env, name, args, kwargs):
    context = env.from_string("").new_context({})
    return env.call_filter(name, args[0], list(args[1:]), dict(kwargs), context=context)


def one():
    """Kind, name, arguments, keyword arguments, whether it escapes, and the work itself."""
    kind = pick(["filter"] * 5 + ["method"] * 3 + ["test"] * 2 + ["format", "percent", "wrap", "unescape"])
    if kind == "filter":
        name = pick(list(FILTERS))
        args, kwargs = pick(FILTERS[name])()
        env = pick([PLAIN, PLAIN, ESCAPING])
        return kind, name, args, kwargs, env is ESCAPING, lambda: run_filter(env, name, args, kwargs)
    if kind == "method":
        name = pick(list(METHODS))
        self = Markup(text()) if random.random() < 0.15 else text()
        args = pick(METHODS[name])()
        return kind, name, (self, *args), {}, False, lambda: getattr(self, name)(*args)
    if kind == "test":
        name = pick(UNARY + BINARY)
        subject = value()
        args = (pick([value(), subject, pick(NUMERIC), 3]),) if name in BINARY else ()
        return kind, name, (subject, *args), {}, False, lambda: PLAIN.call_test(name, subject, list(args))
    if kind == "format":
        subject, spec = number() if random.random() < 0.85 else pick(["", "a", "abc", "héllo", None]), format_spec()
        return kind, "", (subject, spec), {}, False, lambda: format(subject, spec)
    if kind == "percent":
        spec, args = percent()
        return kind, "", (spec, args), {}, False, lambda: spec % args
    if kind == "wrap":
        line = " ".join(pick(WORDS) for _ in range(random.randint(0, 9)))
        width, long, hyphens = random.randint(1, 14), flag(), flag()
        return kind, "", (line, width, long, hyphens), {}, False, lambda: textwrap.wrap(
            line, width=width, expand_tabs=False, replace_whitespace=False, break_long_words=long, break_on_hyphens=hyphens)
    source = "".join(pick(ENTITIES) for _ in range(random.randint(0, 6)))
    return kind, "", (source,), {}, False, lambda: html.unescape(source)


def tagged(result):
    if isinstance(result, Markup):
        return {"markup": str(result)}
    if isinstance(result, (bool, str)) or result is None:
        return result
    if isinstance(result, float):
        return {"float": repr(result)}
    if isinstance(result, int):
        return {"int": str(result)}
    if isinstance(result, tuple):
        return {"tuple": [tagged(each) for each in result]}
    if isinstance(result, dict):
        return {"dict": [[tagged(key), tagged(item)] for key, item in result.items()]}
    if isinstance(result, bytes):
        return {"bytes": repr(result)}
    if isinstance(result, jinja2.Undefined):
        return {"undefined": True}
    return [tagged(each) for each in result]


def main(seed, count):
    random.seed(seed)
    for _ in range(count):
        kind, name, args, kwargs, autoescape, run = one()
        line = {"kind": kind, "name": name, "args": tagged(list(args)), "kwargs": {key: tagged(each) for key, each in kwargs.items()}, "autoescape": autoescape}
        try:
            line["result"] = tagged(run())
        except Exception as error:
            line["error"] = type(error).__name__
        print(json.dumps(line, ensure_ascii=True))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
