"""A server's worth of stores: prints their addresses as JSON, keeps them running, ends on SIGTERM.

`run_stores.py [DATA]`; without DATA they are ephemeral.
"""

import json
import signal
import sys
import time
from pathlib import Path

from python_duel.errors import StartError
from python_duel.platform import embedded
from python_duel.settings import Settings

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
data = Path(sys.argv[1]) if len(sys.argv) > 1 else None
try:
    with embedded.stores(data, Settings.model_construct()) as stores:
        pids = {process.name: process.pid for process in stores.processes}
        print(json.dumps([stores.database_url, stores.redis_url, stores.judge_redis_url, pids]), flush=True)
        while True:
            stores.restart_dead()
            time.sleep(0.02)
except StartError as error:
    print(error.message, file=sys.stderr)
    sys.exit(error.exit_code)
