"""What can go wrong, drawn once.

::

    WorkbenchError
    ├── ArgumentError          an argument cannot work (also a ValueError)
    ├── DataError              a log cannot be used as it is (also a ValueError)
    │   └── DownloadError      no source of a data set answered as it should
    ├── CapabilityError        the model needs what this log does not have (also a ValueError)
    ├── NotFittedError         scored, saved or explained before ``fit`` (also a RuntimeError)
    ├── ContractError          a model breaks a rule of the contract; ``.rule`` names it
    └── ArtifactError          a saved engine, run or report cannot be trusted
        ├── DamagedArtifactError   a file is missing, changed or not what the manifest says
        └── NewerFormatError       written by a newer version of the workbench

A message names the argument, the value and the remedy, in the caller's words.
"""


class WorkbenchError(Exception):
    """Root of everything that the workbench raises on purpose."""


class ArgumentError(WorkbenchError, ValueError):
    """An argument cannot work; nothing was started."""


class DataError(WorkbenchError, ValueError):
    """A log or a table cannot be used as it is."""


class DownloadError(DataError):
    """No source of a data set answered as it should; lists what was tried."""


class CapabilityError(WorkbenchError, ValueError):
    """A model needs something (values, timestamps, item features) that the log lacks."""


class NotFittedError(WorkbenchError, RuntimeError):
    """A model was asked for something before ``fit``."""


class ContractError(WorkbenchError, AssertionError):
    """A model breaks a rule of the model contract.

    Attributes
    ----------
    rule : str
        Name of the broken rule, as listed in ``workbench.checks.model``.
    """

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(f"{rule}: {message}")
        self.rule = rule


class ArtifactError(WorkbenchError):
    """A saved engine, run or report cannot be trusted."""


class DamagedArtifactError(ArtifactError):
    """A file of a saved artifact is missing, changed, or not what its manifest says."""


class NewerFormatError(ArtifactError):
    """The artifact was written by a newer version of the workbench."""
