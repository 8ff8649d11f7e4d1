"""What the zygote's interpreter is given to run: it finds this package, and nothing else of the installation.

Arguments: the folder that holds `python_duel`, the control descriptor, the plan as JSON.
"""

import os
import sys

if __name__ == "__main__":
    # Modules that are loaded from here on would do something in every child: new locks for threads that there are not,
    # a new seed for `random`, which shall be the same each time.
    os.register_at_fork = lambda **_: None
    folder, control, plan = sys.argv[1:]
    sys.path.append(folder)
    from python_duel.sandbox import zygote

    zygote.main(int(control), plan)
