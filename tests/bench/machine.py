"""What machine this is, and what its disk does when it is asked alone."""

import os
import platform
import subprocess
import time

WRITES = 200
BYTES = 64 << 10


def describe(folder, root):
    """Read from /proc, not guessed; a load above the number of cores spoils every figure, so it is said."""
    cpu = [line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    memory = next(int(line.split()[1]) for line in open("/proc/meminfo") if line.startswith("MemTotal"))
    mounts = [line.split() for line in open("/proc/self/mounts")]
    under = [one for one in mounts if str(folder.resolve()).startswith(one[1])]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=root, capture_output=True, text=True)
    return {
        "cpu": cpu[0] if cpu else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory / (1 << 20), 1),
        "kernel": platform.release(),
        "file_system": max(under, key=lambda one: len(one[1]))[2] if under else "unknown",
        "load_before": os.getloadavg()[0],
        "commit": commit.stdout.strip() or "unknown",
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def fdatasync(folder):
    """Milliseconds of appending 64 KiB and syncing it: no acknowledgement that means it can be quicker."""
    times = []
    with open(folder / "sync", "wb", buffering=0) as file:
        block = os.urandom(BYTES)
        for _ in range(WRITES):
            started = time.perf_counter()
            file.write(block)
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - started) * 1e3)
    return percentiles(times)


def percentiles(values):
    values = sorted(values)

    def at(share):
        return values[min(len(values) - 1, int(share * len(values)))]

    return {"p50": at(0.5), "p99": at(0.99), "max": values[-1]}
