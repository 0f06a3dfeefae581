"""One measurement of a peer, in a process of its own: python measure.py JOB MODE

JOB is JSON, { network, mode, batch, height, width, warmUp, steps }; MODE one of works.py, or onnxruntime. Prints a line of JSON:
seconds of each step after `warmUp` ones, threads, and the largest resident size in MB. CMTDET_BENCH_DEVICE=cuda
runs it on a GPU, and adds the largest size of its tensors there.
"""

import json
import os
import resource
import sys
import time


def available_cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def peak_megabytes():
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def finished(work, wait):
    """`work`, done only when the card is."""

    def run():
        work()
        wait()

    return run


def main():
    job, mode = json.loads(sys.argv[1]), sys.argv[2]
    threads = available_cores()
    extra = {}
    if mode == "onnxruntime":
        from onnx_peer import make_work

        work = make_work(job, threads)
    else:
        import torch

        from works import make_work

        torch.set_num_threads(threads)
        device = os.environ.get("CMTDET_BENCH_DEVICE")
        if device:
            torch.set_default_device(device)
        work = make_work(job, mode)
        if device == "cuda":
            extra["card_mb"] = torch.cuda.max_memory_allocated
            work = finished(work, torch.cuda.synchronize)
    seconds = []
    for step in range(job["warmUp"] + job["steps"]):
        started = time.perf_counter()
        work()
        if step >= job["warmUp"]:
            seconds.append(time.perf_counter() - started)
    peak = peak_megabytes()
    if "card_mb" in extra:
        extra["card_mb"] = extra["card_mb"]() / 2**20
    if "resnet50" in job["network"] and job["mode"] == "forward" and mode == "default":
        from works import multiply_accumulates

        extra["macs"] = multiply_accumulates(work, job["batch"])
    print(json.dumps({"seconds": seconds, "threads": threads, "peakMb": peak, **extra}))


if __name__ == "__main__":
    main()
