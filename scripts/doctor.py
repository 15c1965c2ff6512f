"""Try out what a command line would use, and say what to change: python scripts/doctor.py [name=value ...].

`state_dir=...`, `tracker.uri=...`, `trainer.accelerator=gpu` and all other settings are those of train.py.
"""

import sys

from winnow.command.doctor import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
