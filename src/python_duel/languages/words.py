"""Words that cannot name a function or a parameter of a challenge, by language: keywords, and what they would hide."""

import keyword

_C = """
    alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t class
    compl concept const consteval constexpr constinit const_cast continue co_await co_return co_yield decltype
    default delete do double dynamic_cast else enum explicit export extern false float for friend goto if inline int
    long main mutable namespace new noexcept not not_eq nullptr operator or or_eq private protected public register
    reinterpret_cast requires return short signed sizeof static static_assert static_cast std struct switch template
    this thread_local throw true try typedef typeid typename union unsigned using virtual void volatile wchar_t
    while xor xor_eq
"""
_JAVA = """
    abstract assert boolean break byte case catch char class clone const continue default do double else enum equals
    extends false final finalize finally float for getClass goto hashCode if implements import instanceof int
    interface long main native new notify notifyAll null package private protected public return short static
    strictfp super switch synchronized this throw throws toString transient true try void volatile wait while
"""
_JAVASCRIPT = """
    arguments async await break case catch class const continue debugger default delete do else enum eval export
    extends false finally for function if implements import in instanceof interface let new null package private
    protected public return static super switch this throw true try typeof undefined var void while with yield
"""

RESERVED: dict[str, frozenset[str]] = {
    "python": frozenset(keyword.kwlist),
    "cpp": frozenset(_C.split()),
    "java": frozenset(_JAVA.split()),
    "javascript": frozenset(_JAVASCRIPT.split()),
}
