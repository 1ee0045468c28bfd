"""Reads files with the warrant that the pod was given: batch.py PATH…"""

import sys

from gateway import Denied, read_file
from warrants import Holder, key_from_environment, warrant_from_environment

warrant = warrant_from_environment()
if warrant is None:
    raise SystemExit("no warrant: set TENUO_WARRANT_BASE64 or TENUO_WARRANT_FILE")
holder = Holder.of(warrant, key_from_environment())

failed = False
for path in sys.argv[1:]:
    try:
        print(f"{path}: {read_file(holder, path)}")
    except Denied as denied:
        print(f"{path}: {denied}")
        failed = True
sys.exit(failed)
