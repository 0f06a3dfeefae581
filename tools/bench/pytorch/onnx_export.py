"""Writes a job's network for onnxruntime: python onnx_export.py JOB FILE"""

import json
import sys
import warnings

import torch

from works import make_network

OPSET = 17  # has LayerNormalization as one operator


class Flat(torch.nn.Module):
    """All outputs in one row, as an ONNX graph has them."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, images):
        outputs = self.network(images)
        return outputs if torch.is_tensor(outputs) else (*outputs[0], *outputs[1])


def main():
    job, file = json.loads(sys.argv[1]), sys.argv[2]
    torch.manual_seed(0)
    network = Flat(make_network(job["network"])).eval()
    images = torch.randn(job["batch"], 3, job["height"], job["width"])
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # the exporter by tracing is deprecated; the other one needs onnxscript
        torch.onnx.export(network, (images,), file, input_names=["images"], opset_version=OPSET, dynamo=False)


if __name__ == "__main__":
    main()
