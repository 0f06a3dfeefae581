"""Small BMP, PNM and QOI pictures written by Pillow, with the digests of the pixels that Pillow reads from them.

python -m venv env && env/bin/pip install pillow==13.0.0
env/bin/python tools/golden/plain.py > test/data/image/plain/pillow.json
"""

import base64
import hashlib
import io
import json
import random

from PIL import Image

random.seed(1)
width, height = 13, 7  # rows end in padding, in every depth
rgb = Image.frombytes("RGB", (width, height), bytes(random.randrange(256) for _ in range(3 * width * height)))
grey = rgb.convert("L")
pictures = {
    "BMP, 24 bits": (rgb, "BMP", {}),
    "BMP, 32 bits": (rgb.convert("RGBA"), "BMP", {}),
    "BMP, grey": (grey, "BMP", {}),
    "BMP, palette": (rgb.quantize(37), "BMP", {}),
    "BMP, 1 bit": (rgb.convert("1"), "BMP", {}),
    "PPM": (rgb, "PPM", {}),
    "PGM": (grey, "PPM", {}),
    "PBM": (rgb.convert("1"), "PPM", {}),
    "QOI": (rgb, "QOI", {}),
    "QOI, smooth": (rgb.resize((61, 43), Image.BILINEAR), "QOI", {}),
    "QOI with alpha": (rgb.resize((31, 23), Image.NEAREST).convert("RGBA"), "QOI", {}),
}
rows = {}
for name, (image, format, options) in pictures.items():
    file = io.BytesIO()
    image.save(file, format, **options)
    read = Image.open(io.BytesIO(file.getvalue())).convert("RGB")
    digest = hashlib.sha256(read.tobytes()).hexdigest()[:16]
    rows[name] = {"file": base64.b64encode(file.getvalue()).decode(), "size": read.size, "digest": digest}
print(json.dumps(rows, indent=1))
