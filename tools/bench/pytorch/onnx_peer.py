"""The twin in onnxruntime: exported by a process of its own, so that what this one holds in memory is onnxruntime's."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
import onnxruntime


def make_work(job, threads):
    with tempfile.TemporaryDirectory(prefix="cmtdet-bench-") as folder:
        file = str(Path(folder) / "network.onnx")
        subprocess.run([sys.executable, str(Path(__file__).with_name("onnx_export.py")), json.dumps(job), file], check=True)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    shape = (job["batch"], 3, job["height"], job["width"])
    if not job["network"].startswith("retinanet_"):
        images = numpy.random.default_rng(0).standard_normal(shape, dtype=numpy.float32)
        return lambda: session.run(None, {"images": images})
    return detector(session, job, threads)


def detector(session, job, threads):
    """Pixels and boxes as in the twin, around the network."""
    import torch

    from detection import detect, make_anchors, normalise

    torch.set_num_threads(threads)
    height, width = job["height"], job["width"]
    pixels = torch.randint(256, (job["batch"], height, width, 3), dtype=torch.uint8)
    anchors = make_anchors(height, width)

    def work():
        with torch.inference_mode():
            images = normalise(pixels).contiguous().numpy()
            outputs = [torch.from_numpy(output) for output in session.run(None, {"images": images})]
            levels = len(anchors)
            return detect((outputs[:levels], outputs[levels:]), anchors, (height, width), threshold=0)

    return work
