"""The truth about what is assigned: a copy of the source that calls an observer after each assignment.

It is made from the syntax tree, and so shares nothing with what finds stores in bytecode.
"""

from __future__ import annotations

import ast
from typing import TypeVar

OBSERVER = "__observer__"

_Scope = TypeVar("_Scope", ast.FunctionDef, ast.AsyncFunctionDef)


class _Observed(ast.NodeTransformer):
    """Adds the calls. Each names the line of what it read, and its variable."""

    def _body(self, observed: list[ast.stmt], body: list[ast.stmt]) -> list[ast.stmt]:
        return [*observed, *(self.visit_each(body))]

    def visit_each(self, body: list[ast.stmt]) -> list[ast.stmt]:
        found: list[ast.stmt] = []
        for statement in body:
            visited = self.visit(statement)
            found += visited if isinstance(visited, list) else [visited]
        return found

    def visit_Assign(self, node: ast.Assign) -> list[ast.stmt]:
        self.generic_visit(node)
        return [node, *(call for target in node.targets for call in calls_for(target))]

    def visit_AugAssign(self, node: ast.AugAssign) -> list[ast.stmt]:
        self.generic_visit(node)
        return [node, *calls_for(node.target)]

    def visit_AnnAssign(self, node: ast.AnnAssign) -> list[ast.stmt]:
        self.generic_visit(node)
        return [node, *(calls_for(node.target) if node.value is not None else [])]

    def visit_Import(self, node: ast.Import) -> list[ast.stmt]:
        names = [(alias.asname or alias.name, alias.lineno) for alias in node.names]
        return [node, *(_statement(name, line) for name, line in names)]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> list[ast.stmt]:
        return [node, *(_statement(alias.asname or alias.name, node.lineno) for alias in node.names)]

    def visit_For(self, node: ast.For | ast.AsyncFor) -> ast.For | ast.AsyncFor:
        observed = calls_for(node.target)
        node.iter = self.visit(node.iter)
        node.body = self._body(observed, node.body)
        node.orelse = self.visit_each(node.orelse)
        return node

    visit_AsyncFor = visit_For  # noqa: N815 - the syntax tree's name

    def visit_With(self, node: ast.With | ast.AsyncWith) -> ast.With | ast.AsyncWith:
        """Take several contexts apart: the first's variable is stored before the second is entered."""
        first, *others = node.items
        body: list[ast.stmt] = node.body
        if others:
            inner = ast.copy_location(type(node)(others, body), node)
            body = [inner]
        observed = calls_for(first.optional_vars) if first.optional_vars is not None else []
        first.context_expr = self.visit(first.context_expr)
        node.items, node.body = [first], self._body(observed, body)
        return node

    visit_AsyncWith = visit_With  # noqa: N815 - the syntax tree's name

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.ExceptHandler:
        observed = [_statement(node.name, node.lineno)] if node.name else []
        node.body = self._body(observed, node.body)
        return node

    def visit_match_case(self, node: ast.match_case) -> ast.match_case:
        names = [
            (captured, pattern.lineno)
            for pattern in ast.walk(node.pattern)
            if isinstance(pattern, ast.pattern)
            for captured in (getattr(pattern, "name", None), getattr(pattern, "rest", None))
            if isinstance(captured, str)
        ]
        guard = self.visit(node.guard) if node.guard is not None else ast.Constant(True)
        tests = [_call(name, line) for name, line in dict.fromkeys(names)]  # once, of alternatives
        node.guard = ast.BoolOp(ast.And(), [*tests, guard]) if tests else node.guard
        node.body = self.visit_each(node.body)
        return node

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.expr:
        self.generic_visit(node)
        return _call(node.target.id, node.target.lineno, node)

    def visit_comprehension(self, node: ast.comprehension) -> ast.comprehension:
        names = [(name.id, name.lineno) for name in _names(node.target)]
        node.iter = self.visit(node.iter)
        node.ifs = [*(_call(name, line) for name, line in names), *map(self.visit, node.ifs)]
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.Lambda:
        body = self.visit(node.body)
        observed: list[ast.expr] = [_call(name, 0) for name in parameters(node.args)]
        node.body = ast.Subscript(ast.Tuple([*observed, body], ast.Load()), ast.Constant(-1), ast.Load())
        return node

    def visit_FunctionDef(self, node: _Scope) -> list[ast.stmt]:
        node.args.defaults = [self.visit(value) for value in node.args.defaults]
        node.args.kw_defaults = [value and self.visit(value) for value in node.args.kw_defaults]
        observed: list[ast.stmt] = [_statement(name, 0) for name in parameters(node.args)]
        declared = [s for s in node.body if isinstance(s, ast.Global | ast.Nonlocal)]
        rest = [s for s in node.body if not isinstance(s, ast.Global | ast.Nonlocal)]
        node.body = [*declared, *self._body(observed, rest)]
        return [node, _statement(node.name, node.lineno)]

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - the syntax tree's name

    def visit_ClassDef(self, node: ast.ClassDef) -> list[ast.stmt]:
        node.body = self.visit_each(node.body)
        return [node, _statement(node.name, node.lineno)]


def parameters(arguments: ast.arguments) -> list[str]:
    """Return the parameters' names, in the order in which code objects have them."""
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return [a.arg for a in (*named, *filter(None, (arguments.vararg, arguments.kwarg)))]


def _names(target: ast.expr) -> list[ast.Name]:
    return [node for node in ast.walk(target) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]


def calls_for(target: ast.expr) -> list[ast.stmt]:
    return [_statement(name.id, name.lineno) for name in _names(target)]


def _call(name: str, line: int, value: ast.expr | None = None) -> ast.expr:
    arguments = [ast.Constant(name), ast.Constant(line), value or ast.Name(name, ast.Load())]
    called = ast.Call(ast.Name(OBSERVER, ast.Load()), arguments, [])
    return ast.Subscript(called, ast.Constant(0 if value is not None else 1), ast.Load())  # the value, or True


def _statement(name: str, line: int) -> ast.stmt:
    return ast.Expr(_call(name, line))


def observed_tree(source: str) -> ast.Module:
    """Return the tree of a source, with the observer called after each assignment and at each entry.

    The observer gets the variable's name, its line (0 at entry) and its value, and returns the value and True.
    """
    tree = ast.parse(source)
    tree = _Observed().visit(tree)
    return ast.fix_missing_locations(tree)
