"""The tables of the gate: which names mean what."""

HARD_BUILTINS = {
    "eval": "compute the value yourself, or use int(), float() or json.loads() to read input",
    "exec": "write the code out",
    "compile": "write the code out; re.compile is allowed",
    "__import__": "use an import statement",
    "globals": "use a dict of your own",
    "locals": "use a dict of your own",
    "breakpoint": "use print() to look at values",
}
"""Never, in no place where a name can stand; with what to do instead."""

SOFT_BUILTINS = {
    "open": "there are no files here: read sys.stdin or call input()",
    "vars": "use a dict of your own",
    "help": "look at the documentation instead",
    "license": "choose another name",
    "credits": "choose another name",
    "copyright": "choose another name",
}
"""Not the builtins; as names of your own they are fine."""

OPERATORS = (
    "add sub mul matmul truediv floordiv mod divmod pow lshift rshift and xor or "
    "radd rsub rmul rmatmul rtruediv rfloordiv rmod rdivmod rpow rlshift rrshift rand rxor ror "
    "iadd isub imul imatmul itruediv ifloordiv imod ipow ilshift irshift iand ixor ior "
    "neg pos abs invert complex int float index round trunc floor ceil "
    "lt le eq ne gt ge hash bool repr str bytes format len length_hint iter next reversed contains "
    "getitem setitem delitem missing call enter exit aenter aexit aiter anext await "
    "init new post_init init_subclass setattr delattr get set delete set_name copy deepcopy sizeof"
).split()
SAFE_DUNDERS = frozenset(f"__{name}__" for name in OPERATORS)
"""Methods of the data model that lead nowhere else: may be defined, read and called."""

READABLE_DUNDERS = SAFE_DUNDERS | {
    "__name__",
    "__qualname__",
    "__doc__",
    "__cause__",
    "__context__",
    "__notes__",
    "__annotations__",
    "__members__",
    "__wrapped__",
}
OWN_READABLE = {"self": {"__dict__"}, "other": {"__dict__"}}
"""What a method may read of its own objects, by the name that these go by."""
WRITABLE_DUNDERS = SAFE_DUNDERS | {
    "__name__",
    "__doc__",
    "__debug__",
    "__slots__",
    "__match_args__",
    "__all__",
    "__version__",
    "__author__",
}
METHODS_REFUSED = {
    "__reduce__",
    "__reduce_ex__",
    "__getstate__",
    "__setstate__",
    "__getnewargs__",
    "__getnewargs_ex__",
    "__prepare__",
    "__mro_entries__",
    "__subclasshook__",
}

INTROSPECTION = frozenset(
    "gi_frame gi_code gi_yieldfrom cr_frame cr_code cr_await cr_origin ag_frame ag_code ag_await "
    "tb_frame tb_next tb_lasti f_back f_builtins f_code f_globals f_locals f_trace "
    "co_code co_consts co_names co_varnames func_globals func_code func_closure "
    "get_type_hints make_dataclass ForwardRef CodeType FunctionType LambdaType FrameType TracebackType ModuleType "
    "open_code FileIO settrace setprofile breakpointhook load_module exec_module".split()
)
"""Attributes and members that reach the interpreter's inside."""

EVERYDAY = frozenset(
    "mro new_class walk_stack walk_tb extract_stack print_stack get_field vformat "
    "get_objects get_referrers get_referents".split()
)
"""Such members too, but names that a player may well choose for something else."""

OTHER_MODULES = frozenset(
    name
    for plain in (
        "os sys posix builtins bltns codecs importlib subprocess ctypes socket pickle marshal gc inspect "
        "threading linecache copyreg encodings"
    ).split()
    for name in (plain, f"_{plain}")
)
"""Modules that others carry along as attributes."""

_NO_FILES = "there are no files and no processes here; read sys.stdin or call input(), and print() the answer"
_NO_THREADS = "there are no threads and processes here; for deep recursion sys.setrecursionlimit() is enough"
INSTEAD = {
    **dict.fromkeys("os pathlib subprocess shutil tempfile glob fileinput mmap fcntl posix csv".split(), _NO_FILES),
    **dict.fromkeys("threading multiprocessing concurrent _thread signal resource".split(), _NO_THREADS),
    "asyncio": "there is nothing to wait for here; call plain functions, or step through generators",
    **dict.fromkeys("socket ssl http urllib requests select".split(), "there is no network here"),
    **dict.fromkeys(
        "numpy pandas scipy sympy networkx sortedcontainers typing_extensions".split(),
        "only the standard library is here; lists, heapq, bisect, math and fractions go a long way",
    ),
    "ast": "json.loads() reads lists, numbers and texts",
    "gc": "leave it out, it saves next to nothing",
    "logging": "print to sys.stderr",
    **dict.fromkeys("pickle marshal".split(), "copy.deepcopy() and json copy values"),
}
"""What to do instead of importing a module that players often reach for."""

REFUSED_MEMBERS = {
    "io": {"open", "open_code", "OpenWrapper", "FileIO"},
    "string": {"Formatter"},
    "types": {"coroutine", "prepare_class", "resolve_bases"},
    "typing": {"get_type_hints", "ForwardRef", "evaluate_forward_ref"},
    "weakref": {"getweakrefs"},
    "warnings": {"sys", "linecache"},
}

SYS_MEMBERS = frozenset(
    "stdin stdout stderr argv exit maxsize maxunicode byteorder version version_info hexversion platform "
    "float_info int_info hash_info setrecursionlimit getrecursionlimit getsizeof intern getrefcount "
    "set_int_max_str_digits get_int_max_str_digits exc_info".split()
)

STAR_MODULES = frozenset(
    "math cmath collections itertools heapq bisect functools fractions decimal random string copy re statistics "
    "datetime time queue typing dataclasses operator".split()
)

LITERAL_ATTRIBUTE_BUILTINS = {"getattr": slice(1, 2), "attrgetter": slice(None), "methodcaller": slice(0, 1)}
"""Callables that look attributes up by text: which of their arguments must be written out."""
