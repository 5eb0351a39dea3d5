"""What the reports say of the machine they were made on."""

import pathlib
import re
import subprocess


def machine(nginx, load_before, *commands):
    """Lines about it; commands print the version of something else used."""
    cpu = re.search(r"model name\s*: (.*)",
                    pathlib.Path("/proc/cpuinfo").read_text())
    versions = [
        subprocess.run(command, capture_output=True, text=True, check=False)
        for command in ([nginx, "-v"], *commands)
    ]
    load_after = " ".join(pathlib.Path("/proc/loadavg").read_text().split()[:3])

    return "\n".join([
        f"- {cpu.group(1) if cpu else 'unknown CPU'}, "
        f"{subprocess.getoutput('nproc')} cores",
        "- " + ", ".join((v.stderr + v.stdout).strip() for v in versions),
        f"- load average before {load_before}, after {load_after}",
        "",
        "",
    ])
