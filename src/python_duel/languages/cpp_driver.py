"""The text around a player's C++: the starter code, and what calls the function."""

import re

from python_duel.languages import types
from python_duel.protocol.server import Signature

FILE = "solution.cpp"
"""The player's lines, in what the compiler says."""
DRIVER = "driver"
"""Ours."""

_STDIO = """\
#include <bits/stdc++.h>
using namespace std;

int main() {
    // Your code here: read with cin, write with cout.
}
"""
_FUNCTION = """\
#include <bits/stdc++.h>
using namespace std;

{declaration} {{
    // Your code here.
    return {{}};
}}
"""
_DRIVER = """\
[[noreturn]] void duel_main() {{
    auto call = [](auto&... arguments) -> decltype(::{name}(arguments...)) {{ return ::{name}(arguments...); }};
    constexpr bool takes = std::is_invocable_v<decltype(call){references}>;
    static_assert(takes, "{wanted}");
    if constexpr (takes) {{
        using Given = std::decay_t<std::invoke_result_t<decltype(call){references}>>;
        constexpr bool gives = duel_runtime::answers<{returns}, Given>();
        static_assert(gives, "{wanted}");
        if constexpr (gives) duel_runtime::serve<{returns}{parameters}>(call);
    }}
}}
int main() {{ duel_main(); }}
"""
_PLAIN = {"int": "long long", "float": "double", "bool": "bool", "str": "string"}
_IDENTIFIER = re.compile(r"\b[A-Za-z_]\w*")
_LITERAL = re.compile(r'"[^"]*"')


def starter(signature: Signature | None) -> str:
    """Code that compiles, with the function asked for."""
    return _STDIO if signature is None else _FUNCTION.format(declaration=declaration(signature))


def declaration(signature: Signature) -> str:
    """The head of the function that a player writes, as it is with `using namespace std`."""
    parameters = ", ".join(f"{written(p.type)} {p.name}" for p in signature.parameters)
    return f"{written(signature.returns)} {signature.name}({parameters})"


def written(text: str, std: str = "") -> str:
    """A type of the challenge format in C++; `std` is put before names of the standard library."""
    return _written(types.parse_type(text), std)


def _written(kind: types.Type, std: str) -> str:
    match kind:
        case types.ListOf(item):
            return f"{std}vector<{_written(item, std)}>"
        case types.DictOf(item):
            return f"{std}map<{std}string, {_written(item, std)}>"
        case types.Maybe(item):
            return f"{std}optional<{_written(item, std)}>"
        case types.Scalar("str"):
            return f"{std}string"
        case types.Scalar(name):
            return _PLAIN[name]


def translation_unit(source: str, signature: Signature | None) -> str:
    """The whole text to compile. The player's lines keep their numbers; a program that reads standard input is alone.

    A player's own `main` beside a function is for trying things out, and becomes another function.
    """
    if signature is None:
        return f'#line 1 "{FILE}"\n{source}\n'
    driver = _driver(signature)
    after = f'{_without_macros(driver)}#line 1 "{DRIVER}"\n{driver}'
    return f'#define main duel_unused_main\n#line 1 "{FILE}"\n{source}\n{after}'


def _driver(signature: Signature) -> str:
    parameters = [written(p.type, "std::") for p in signature.parameters]
    return _DRIVER.format(
        name=signature.name,
        wanted=needed(signature),
        returns=written(signature.returns, "std::"),
        parameters="".join(f", {parameter}" for parameter in parameters),
        references="".join(f", {parameter}&" for parameter in parameters),
    )


def needed(signature: Signature) -> str:
    """A sentence for who has not defined it."""
    return f"The function has to be: {declaration(signature)}"


def _without_macros(driver: str) -> str:
    """Whatever the player has made of our words, `#define int long long` say, is over before the driver."""
    words = sorted({*_IDENTIFIER.findall(_LITERAL.sub("", driver))})
    return "".join(f"#undef {word}\n" for word in words)
