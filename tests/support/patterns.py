"""Finds every regular expression of the code, and those whose matching can cost more than the length of the text."""

import ast
import importlib
import re
from re import _constants as codes, _parser
from string import punctuation

import config

ROOMS = ("helpdesk", "web", "views", "integrations", "jobs")
ANCHORED = ("match", "fullmatch")
SEARCHING = ("search", "sub", "subn", "findall", "finditer", "split")
# A repetition of at most so many rounds, those inside it counted, costs a constant factor.
BOUNDED = 2000
# Members of every class that Python knows, and letters that hardly any pattern names.
SAMPLES = [*map(ord, "azAZ09_ \t\n\r" + punctuation), 0, 0xA0, 0xB2, 0xE9, 0x301, 0x4E00, 0xE000]
CLASSES = {
    codes.CATEGORY_DIGIT: r"\d",
    codes.CATEGORY_NOT_DIGIT: r"\D",
    codes.CATEGORY_SPACE: r"\s",
    codes.CATEGORY_NOT_SPACE: r"\S",
    codes.CATEGORY_WORD: r"\w",
    codes.CATEGORY_NOT_WORD: r"\W",
}


def uses():
    """Each use of a regular expression: where it is, the pattern, its flags, and whether it may begin anywhere.

    The pattern is None where it is made at run time; then the caller must know it.
    """
    files = [path for room in ROOMS for path in (config.HERE / room).glob("**/*.py")]
    for path in sorted([*files, *config.HERE.glob("*.py")]):
        tree = ast.parse(path.read_text())
        if any(isinstance(node, ast.Import) and node.names[0].name == "re" for node in tree.body):
            yield from _uses_in(path.relative_to(config.HERE), tree)


def _uses_in(path, tree):
    module = importlib.import_module(".".join(path.with_suffix("").parts))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    for call in calls:
        method, of = call.func.attr, call.func.value
        if not isinstance(of, ast.Name) or method not in (*ANCHORED, *SEARCHING):
            continue
        where = f"{path}:{call.lineno}"
        if of.id == "re":
            pattern, flags = _value(call.args[0], module), _flags(call, module)
        elif isinstance(compiled := getattr(module, of.id, None), re.Pattern):
            pattern, flags = compiled.pattern, compiled.flags
        else:
            continue
        yield where, pattern, flags, method in SEARCHING


def _value(node, module):
    try:
        return eval(compile(ast.Expression(node), "pattern", "eval"), vars(module))
    except NameError:
        return None


def _flags(call, module):
    given = [word.value for word in call.keywords if word.arg == "flags"]
    given += [arg for arg in call.args[1:] if ast.unparse(arg).startswith("re.")]
    return _value(given[0], module) if given else 0


def costly(pattern, flags=0, *, searches=False):
    """Why matching this pattern can take more than a constant number of steps for each character; empty if it cannot.

    An unbounded repetition must know by the next character whether it goes on or ends, and so must all inside it: then
    nothing is tried twice. A search begins anew at every character, so there a repetition must not run on for long in
    an attempt that still can fail, unless no attempt can begin among what it ran over.
    """
    flags = int(flags) & ~re.UNICODE if isinstance(pattern, bytes) else int(flags)
    tree = _parser.parse(pattern, flags)
    check = _Check(tree.state.flags | flags, _letters(tree))
    check.sequence(list(tree), frozenset(), inside=False, rounds=1)
    if searches:
        check.search(list(tree))
    return "; ".join(check.found)


def _letters(tree):
    """The characters to try: samples, and all that the pattern names, with their neighbours."""
    named = {number + step for number in _numbers(tree) for step in (-1, 0, 1) if 0 <= number + step < 0x110000}
    return frozenset(named | set(SAMPLES))


def _numbers(part):
    if isinstance(part, (_parser.SubPattern, list, tuple)):
        items = list(part)
        if len(items) == 2 and items[0] in (codes.LITERAL, codes.NOT_LITERAL):
            yield items[1]
        elif len(items) == 2 and items[0] is codes.RANGE:
            yield from items[1]
        else:
            for item in items:
                yield from _numbers(item)


REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT)


class _Check:
    def __init__(self, flags, letters):
        self.flags, self.letters, self.found = flags, letters, []

    # ---- what a part can begin with

    def first(self, items):
        """The characters it can begin with, and whether it can be empty."""
        starts = frozenset()
        for op, value in items:
            begins, empty = self.first_of(op, value)
            starts |= begins
            if not empty:
                return starts, False
        return starts, True

    def first_of(self, op, value):
        if op in REPEATS:
            begins, empty = self.first(value[2])
            return begins, empty or value[0] == 0
        if op is codes.SUBPATTERN:
            return self.first(value[3])
        if op is codes.ATOMIC_GROUP:
            return self.first(value)
        if op is codes.BRANCH:
            each = [self.first(branch) for branch in value[1]]
            return frozenset().union(*(begins for begins, _empty in each)), any(empty for _begins, empty in each)
        if op in (codes.AT, codes.ASSERT, codes.ASSERT_NOT):
            return frozenset(), True
        return self.members(op, value), False

    def members(self, op, value):
        if op is codes.ANY:
            return self.letters if self.flags & re.DOTALL else self.letters - {10}
        if op is codes.IN:
            negated = value[0][0] is codes.NEGATE
            inside = frozenset().union(*(self.members(*item) for item in value[negated:]))
            return self.letters - inside if negated else inside
        if op is codes.RANGE:
            return self._either_case({one for one in self.letters if value[0] <= one <= value[1]})
        if op is codes.CATEGORY:
            return frozenset(one for one in self.letters if re.match(CLASSES[value], chr(one)))
        if op in (codes.LITERAL, codes.NOT_LITERAL):
            same = self._either_case({value})
            return same if op is codes.LITERAL else self.letters - same
        raise AssertionError(f"{op} is not known to this check")

    def _either_case(self, some):
        if not self.flags & re.IGNORECASE:
            return frozenset(some)
        wanted = {chr(one).lower() for one in some} | {chr(one).upper() for one in some}
        return frozenset(one for one in self.letters if chr(one) in wanted)

    # ---- whether anything is tried twice

    def sequence(self, items, follow, *, inside, rounds):
        for place, (op, value) in enumerate(items):
            after, empty = self.first(items[place + 1 :])
            self.item(op, value, after | follow if empty else after, inside=inside, rounds=rounds)

    def item(self, op, value, follow, *, inside, rounds):
        if op in REPEATS:
            self.repeat(op, *value, follow, inside=inside, rounds=rounds)
        elif op is codes.SUBPATTERN:
            self.sequence(list(value[3]), follow, inside=inside, rounds=rounds)
        elif op is codes.ATOMIC_GROUP:
            self.sequence(list(value), follow, inside=inside, rounds=rounds)
        elif op is codes.BRANCH:
            self.branch(value[1], follow, inside=inside, rounds=rounds)
        elif op in (codes.ASSERT, codes.ASSERT_NOT) and self.loops(value[1]):
            self.found.append("an unbounded repetition in a lookaround")

    def repeat(self, op, low, high, body, follow, *, inside, rounds):
        bounded = high is not codes.MAXREPEAT and high * rounds <= BOUNDED
        begins, empty = self.first(body)
        both = begins & follow
        if not bounded or inside and low != high:
            if empty:
                self.found.append("a repetition of what can be empty")
            if both and op is not codes.POSSESSIVE_REPEAT:
                self.found.append(f"a repetition that can go on or end at {_shown(both)}")
        rounds = rounds * high if bounded else 1
        self.sequence(list(body), begins | follow, inside=inside or not bounded, rounds=rounds)

    def branch(self, branches, follow, *, inside, rounds):
        taken = frozenset()
        for branch in branches:
            begins, empty = self.first(branch)
            begins = begins | follow if empty else begins
            if inside and taken & begins:
                self.found.append(f"alternatives that begin alike, with {_shown(taken & begins)}")
            taken |= begins
            self.sequence(list(branch), follow, inside=inside, rounds=rounds)

    # ---- whether a search scans the same characters again and again

    def search(self, items):
        before = self.preceded(items[0]) if items else None
        starts = self.first(items)[0] if before is None else before
        for place, (op, value) in enumerate(items):
            if op is codes.SUBPATTERN:
                items = [*items[:place], *value[3], *items[place + 1 :]]
                return self.search(items)
            if op in REPEATS and value[1] is codes.MAXREPEAT and self.can_fail(items[place + 1 :]):
                if both := starts & self.consumed(value[2]):
                    self.found.append(f"a search that begins again at {_shown(both)}")
        return None

    def preceded(self, item):
        """The characters after which alone an attempt can begin; None where it can begin anywhere."""
        op, value = item
        if op is codes.AT and value in (codes.AT_BEGINNING, codes.AT_BEGINNING_STRING):
            return frozenset({10}) if self.flags & re.MULTILINE else frozenset()
        if op is codes.ASSERT and value[0] < 0:
            return self.first(value[1])[0]
        if op is codes.SUBPATTERN and len(value[3]) == 1:
            return self.preceded(value[3][0])
        if op is codes.BRANCH:
            each = [self.preceded(branch[0]) if len(branch) else None for branch in value[1]]
            return None if None in each else frozenset().union(*each)
        return None

    def can_fail(self, items):
        return any(op is not codes.AT or value is codes.AT_END for op, value in items if not _is_optional(op, value))

    def consumed(self, items):
        some = frozenset()
        for op, value in items:
            if op in REPEATS:
                some |= self.consumed(value[2])
            elif op is codes.SUBPATTERN:
                some |= self.consumed(value[3])
            elif op is codes.BRANCH:
                some |= frozenset().union(*map(self.consumed, value[1]))
            elif op not in (codes.AT, codes.ASSERT, codes.ASSERT_NOT):
                some |= self.members(op, value)
        return some

    def loops(self, items):
        return any(op in REPEATS and value[1] is codes.MAXREPEAT for op, value in items)


def _is_optional(op, value):
    return op in REPEATS and value[0] == 0


def _shown(some):
    return ", ".join(repr(chr(one)) for one in sorted(some)[:3])
