"""The tests that must differ, one by one, and why; and the code that must stay bare.

Each of these tests looks at the breakpoint itself. One that is listed here and comes out the same is reported, so
that no line outlives its reason. A test stands for its subtests too.
"""

from __future__ import annotations

from ..store import PYTHON

_STEPS = "steps through code by a script of every line, and the lines of the hook, a Python function, are among them"
_COUNTS_CALLS = "compares the profiler's whole listing, and the calls of the hook, Python or C, are in it"

_COUNTS_LINES = "compares all lines or functions that ran, and those of the hook are among them"
_DEPTH = "nests as deep as the recursion limit just lets it, and the hook is a call more"

_BDB = "test.test_bdb."
DIFFERING: dict[str, str] = {
    f"{_BDB}BreakpointTestCase.test_bp_after_last_statement": _STEPS,
    f"{_BDB}BreakpointTestCase.test_bp_condition": _STEPS,
    f"{_BDB}BreakpointTestCase.test_bp_exception_on_condition_evaluation": _STEPS,
    f"{_BDB}BreakpointTestCase.test_bp_ignore_count": _STEPS,
    f"{_BDB}BreakpointTestCase.test_bp_on_non_existent_module": _STEPS,
    f"{_BDB}BreakpointTestCase.test_clear_at_no_bp": _STEPS,
    f"{_BDB}BreakpointTestCase.test_clear_two_bp_on_same_line": _STEPS,
    f"{_BDB}BreakpointTestCase.test_disabled_temporary_bp": _STEPS,
    f"{_BDB}BreakpointTestCase.test_ignore_count_on_disabled_bp": _STEPS,
    f"{_BDB}BreakpointTestCase.test_temporary_bp": _STEPS,
    f"{_BDB}IssuesTestCase.test_next_command_in_generator_for_loop": _STEPS,
    f"{_BDB}IssuesTestCase.test_next_command_in_generator_with_subiterator": _STEPS,
    f"{_BDB}IssuesTestCase.test_next_until_return_in_generator": _STEPS,
    f"{_BDB}IssuesTestCase.test_return_command_in_generator_with_subiterator": _STEPS,
    f"{_BDB}IssuesTestCase.test_step_at_return_with_no_trace_in_caller": _STEPS,
    f"{_BDB}StateTestCase.test_down": _STEPS,
    f"{_BDB}StateTestCase.test_next": _STEPS,
    f"{_BDB}StateTestCase.test_next_in_caller_frame": _STEPS,
    f"{_BDB}StateTestCase.test_next_on_plain_statement": _STEPS,
    f"{_BDB}StateTestCase.test_next_over_import": _STEPS,
    f"{_BDB}StateTestCase.test_return": _STEPS,
    f"{_BDB}StateTestCase.test_return_in_caller_frame": _STEPS,
    f"{_BDB}StateTestCase.test_step": _STEPS,
    f"{_BDB}StateTestCase.test_step_next_on_last_statement": _STEPS,
    f"{_BDB}StateTestCase.test_stepinstr": _STEPS,
    f"{_BDB}StateTestCase.test_until": _STEPS,
    f"{_BDB}StateTestCase.test_until_in_caller_frame": _STEPS,
    f"{_BDB}StateTestCase.test_until_with_too_large_count": _STEPS,
    f"{_BDB}StateTestCase.test_up": _STEPS,
    "test.test_cprofile.CProfileTest.test_cprofile": _COUNTS_CALLS,
    "test.test_profile.ProfileTest.test_cprofile": _COUNTS_CALLS,
    "test.test_tomllib.test_misc.TestMiscellaneous.test_inline_array_recursion_limit": _DEPTH,
    "test.test_tomllib.test_misc.TestMiscellaneous.test_inline_table_recursion_limit": _DEPTH,
    "test.test_trace.TestCallers.test_loop_caller_importing": _COUNTS_LINES,
    "test.test_trace.TestFuncs.test_inst_method_calling": _COUNTS_LINES,
    "test.test_trace.TestFuncs.test_loop_caller_importing": _COUNTS_LINES,
    "test.test_trace.TestFuncs.test_simple_caller": _COUNTS_LINES,
    "test.test_trace.TestFuncs.test_traced_decorated_function": _COUNTS_LINES,
    "test.test_trace.TestLineCounts.test_linear_methods": _COUNTS_LINES,
    "test.test_trace.TestLineCounts.test_trace_func_generator": _COUNTS_LINES,
    "test.test_trace.TestLineCounts.test_trace_list_comprehension": _COUNTS_LINES,
    "test.test_trace.TestLineCounts.test_traced_decorated_function": _COUNTS_LINES,
    "test.test_trace.TestLineCounts.test_traced_func_importing": _COUNTS_LINES,
    "test.test_trace.TestLineCounts.test_traced_func_linear": _COUNTS_LINES,
    "test.test_trace.TestLineCounts.test_traced_func_loop": _COUNTS_LINES,
    "test.test_trace.TestTrace.test_no_source_file": _COUNTS_LINES,
}

# On which Pythons, of tests that don't differ on all that have them.
_DIFFERING_ON: dict[str, tuple[str, ...]] = {
    "test.test_tomllib.test_misc.TestMiscellaneous.test_inline_array_recursion_limit": ("3.11",),
    "test.test_tomllib.test_misc.TestMiscellaneous.test_inline_table_recursion_limit": ("3.11", "3.13"),
}


def reason(test: str) -> str:
    """Return why a test must differ on this Python, or nothing."""
    name = test if test in DIFFERING else test.split(" (")[0]
    return DIFFERING.get(name, "") if PYTHON in _DIFFERING_ON.get(name, (PYTHON,)) else ""


# Tests that skip themselves where the machine happens to be too quick for what they time.
_INT = "test.test_int.Int"
SKIPPED_BY_CLOCK = {
    f"{_INT}{subclass}StrDigitLimitsTests.test_denial_of_service_prevented_{way}"
    for subclass in ("", "Subclass")
    for way in ("int_to_str", "str_to_int")
}


_CELL_AMONG_LOCALS = (
    "in 3.13 a comprehension's variable that is also a free one and a cell is loaded as a local, and isn't one"
)

# The code that stays bare, by its file and name, and why.
_TYPE_PARAMS = "test/test_type_params.py: TypeParamsAccessTest."
REFUSED: dict[str, str] = {
    f"{_TYPE_PARAMS}test_comprehension_02.<locals>.Alias": _CELL_AMONG_LOCALS,
    f"{_TYPE_PARAMS}test_comprehension_02.<locals>.T": _CELL_AMONG_LOCALS,
    f"{_TYPE_PARAMS}test_comprehension_03.<locals>.F": _CELL_AMONG_LOCALS,
    f"{_TYPE_PARAMS}test_comprehension_03.<locals>.T": _CELL_AMONG_LOCALS,
}
