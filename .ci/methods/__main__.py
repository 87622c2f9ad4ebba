"""Make of `operations` what says the same again, where editors look for it.

`python .ci/methods` writes `suno_async/_methods.py`, and the `Args:` of the public classes that
users build, from the text under each field. With `--check` it writes nothing, names the files that
are not as it would write them, and fails if there are any.
"""

import sys
from types import ModuleType

_methods = ModuleType("suno_async._methods")
vars(_methods)["OperationMethods"] = type("OperationMethods", (), {})
sys.modules[_methods.__name__] = _methods  # the file may be missing, or name what is gone

from made import main  # noqa: E402 the package must find what stands there

main()
