"""What the zygote's interpreter is given to run: it finds this package, and nothing else of the installation.

Arguments: the folder that holds `python_duel`, the control descriptor, the plan as JSON.
"""

import sys

if __name__ == "__main__":
    folder, control, plan = sys.argv[1:]
    sys.path.append(folder)
    from python_duel.sandbox import zygote

    zygote.main(int(control), plan)
