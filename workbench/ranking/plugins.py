"""Plug-ins: models of one's own in a Python file, or in an installed package that offers them.

To take a plug-in is to run its code, so nothing here looks for any: a file or a name is given by
who trusts it. What was run is told by its sha256.
"""

from __future__ import annotations

import hashlib
import inspect
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

from workbench.errors import ArgumentError, DamagedArtifactError
from workbench.models.base import Recommender
from workbench.ranking.registry import MODELS

GROUP = "workbench.models"
"""Group of the entry points by which an installed package offers models."""


@dataclass(frozen=True)
class Plugin:
    """Models of one file, or of one entry point.

    Attributes
    ----------
    given : str
        The path, or the name of the entry point, as it was given.
    source : str
        The same; of an entry point also what it leads to.
    sha256 : str
        Of the file whose code was run.
    models : mapping
        Name → class, in the order of the file.
    """

    given: str
    source: str
    sha256: str
    models: Mapping[str, type[Recommender]] = field(repr=False)

    def create(self, name: str) -> Recommender:
        """One of its models, with its defaults.

        Raises
        ------
        ArgumentError
            It cannot be made without arguments.
        """
        try:
            return self.models[name]()
        except Exception as error:
            raise ArgumentError(
                f"plugin {self.source}: {self.models[name].__name__}() cannot be made "
                f"({type(error).__name__}: {error}); give every parameter a default"
            ) from error

    def told(self) -> dict[str, str]:
        """For a manifest."""
        return {"source": self.source, "sha256": self.sha256}


_ORIGIN: dict[type[Recommender], Plugin] = {}


def origin(model: Recommender) -> Plugin | None:
    """The plug-in that the class of a model came from; None where it came from elsewhere."""
    return _ORIGIN.get(type(model))


def plugins(given: Iterable[str | Path]) -> list[Plugin]:
    """Take plug-ins, each by its path or by the name of its entry point.

    Raises
    ------
    ArgumentError
        One is not there, its code fails, it holds no model, or a name is taken by another.
    """
    taken = dict.fromkeys(MODELS, "the workbench itself")
    found = []
    for one in dict.fromkeys(map(str, given)):
        plugin = load_plugin(one)
        for name in plugin.models:
            if name in taken:
                raise ArgumentError(
                    f"plugin {one}: the name {name!r} is taken by {taken[name]}; give the class "
                    'another: name = "..."'
                )
            taken[name] = plugin.source
        found.append(plugin)
    return found


def load_plugin(given: str | Path) -> Plugin:
    """Run the code of one plug-in and take its models; see ``plugins``."""
    path = Path(given).expanduser()
    if path.suffix == ".py" or path.exists():
        plugin = _from_file(path, str(given))
    else:
        plugin = _from_entry_point(str(given))
    _ORIGIN.update(dict.fromkeys(plugin.models.values(), plugin))
    return plugin


def _from_file(path: Path, given: str) -> Plugin:
    try:
        source = path.read_bytes()
    except OSError as error:
        raise ArgumentError(
            f"plugin {given}: the file cannot be read ({error.strerror}); give the path of a "
            "Python file"
        ) from error
    digest = hashlib.sha256(source).hexdigest()
    name = f"workbench_plugin_{re.sub(r'[^0-9a-zA-Z]', '_', path.stem)}_{digest[:12]}"
    module = sys.modules.get(name)
    if module is None:
        module = _run(name, source, path, given)
    return Plugin(given, given, digest, _models(_own_classes(module), given))


def _run(name: str, source: bytes, path: Path, given: str) -> ModuleType:
    """The very bytes that were hashed, run as a module."""
    module = ModuleType(name)
    module.__file__ = str(path.absolute())
    sys.modules[name] = module
    try:
        exec(compile(source, str(path), "exec"), vars(module))
    except SyntaxError as error:
        del sys.modules[name]
        raise ArgumentError(
            f"plugin {given}: line {error.lineno} is no Python ({error.msg}); mend it"
        ) from error
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise ArgumentError(
            f"plugin {given}: running it raised {type(error).__name__}: {error}"
        ) from error
    return module


def _from_entry_point(given: str) -> Plugin:
    offered = {point.name: point for point in metadata.entry_points(group=GROUP)}
    if given not in offered:
        names = ", ".join(sorted(offered)) or "none"
        raise ArgumentError(
            f"plugin {given}: there is no such file, and no installed package offers it (entry "
            f"points of the group {GROUP}: {names})"
        )
    point = offered[given]
    try:
        thing = point.load()
    except (Exception, SystemExit) as error:
        raise ArgumentError(
            f"plugin {given}: loading {point.value} raised {type(error).__name__}: {error}"
        ) from error
    classes = _own_classes(thing) if isinstance(thing, ModuleType) else [thing]
    module = sys.modules[point.module]
    try:
        digest = hashlib.sha256(Path(str(module.__file__)).read_bytes()).hexdigest()
    except OSError as error:
        raise ArgumentError(
            f"plugin {given}: the code of {point.value} cannot be read, and so not told apart from "
            f"other code ({error.strerror}); offer it from a file"
        ) from error
    return Plugin(given, f"{given} ({point.value})", digest, _models(classes, given))


def _own_classes(module: ModuleType) -> list[Any]:
    """Classes of models that the module itself defines, not those that it imports."""
    return [
        thing
        for thing in vars(module).values()
        if isinstance(thing, type)
        and issubclass(thing, Recommender)
        and thing.__module__ == module.__name__
        and not inspect.isabstract(thing)
    ]


def _models(classes: list[Any], given: str) -> dict[str, type[Recommender]]:
    found: dict[str, type[Recommender]] = {}
    for cls in dict.fromkeys(classes):
        if not (isinstance(cls, type) and issubclass(cls, Recommender)):
            raise ArgumentError(
                f"plugin {given}: {cls!r} is no class of wb.Recommender; derive it from that"
            )
        if cls.name in found:
            raise ArgumentError(
                f"plugin {given}: two models are called {cls.name!r}, {found[cls.name].__name__} "
                f'and {cls.__name__}; give one of them another name: name = "..."'
            )
        found[cls.name] = cls
    if not found:
        raise ArgumentError(
            f"plugin {given}: it holds no model; define a class of wb.Recommender with fit and "
            "score in it"
        )
    return found


def again(name: str, told: Mapping[str, Any], offered: Iterable[Plugin]) -> Recommender:
    """A model that a run was given as a plug-in, made as it was there, not fitted.

    Parameters
    ----------
    name : str
    told : mapping
        What the run says of it: ``source``, ``sha256``, and its ``repr``.
    offered : iterable of Plugin
        The run names a plug-in, and runs none: only these are taken.

    Raises
    ------
    ArgumentError
        None of them has the model, or it was made with other parameters than the defaults.
    DamagedArtifactError
        The code is another than the run was made with.
    """
    plugin = next((one for one in offered if name in one.models), None)
    if plugin is None:
        raise ArgumentError(
            f"model: {name!r} came with the plug-in {told['source']}, whose code no run keeps; "
            "give it again: --plugin, or WORKBENCH_PLUGINS"
        )
    if plugin.sha256 != told["sha256"]:
        raise DamagedArtifactError(
            f"model: {name!r} of {plugin.source} is other code than the run was made with (sha256 "
            f"{plugin.sha256[:12]}, not {told['sha256'][:12]}); run again with it"
        )
    model = plugin.create(name)
    if repr(model) != told["repr"]:
        raise ArgumentError(
            f"model: {name!r} was made as {told['repr']}, and a plug-in gives {model!r}; fit it "
            "yourself on run.split.train"
        )
    return model
