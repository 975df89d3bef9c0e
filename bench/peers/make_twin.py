"""Makes the ONNX twin of the default model from its GGUF, where the hub's own cannot be had.

pip install accelerate gguf onnx onnx-ir onnxruntime-genai torch transformers; python bench/peers/make_twin.py models/X.gguf

The weights are those of the GGUF, quantised to 4 bits once more (blocks of 32, f32 scales), because ONNX has no Q4_1. Activations
are f32: the adapter may lack shader-f16. Writes bench/peers/twin, as run.mjs looks for it.
"""

import subprocess
import sys
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory

import onnx
from transformers import AutoModelForCausalLM, AutoTokenizer

TARGET = Path(__file__).parent / "twin" / "SmolLM2-135M-Instruct"


def make(gguf: Path, scratch: Path) -> None:
    source, built = scratch / "source", scratch / "built"
    AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name).save_pretrained(source)
    read = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype="float32")
    # What was read from a GGUF refuses to be saved; the same weights in a model of its configuration do not.
    read.config.__dict__.pop("quantization_config", None)
    model = AutoModelForCausalLM.from_config(read.config)
    model.load_state_dict(read.state_dict())
    model.save_pretrained(source)
    command = [sys.executable, "-m", "onnxruntime_genai.models.builder", "-i", source, "-o", built, "-c", scratch]
    options = ["-p", "int4", "-e", "webgpu", "--extra_options", "hf_token=false", "use_webgpu_fp32=true"]
    subprocess.run(command + options, check=True)
    (TARGET / "onnx").mkdir(parents=True, exist_ok=True)
    for name in ("config.json", "generation_config.json"):
        copyfile(source / name, TARGET / name)
    twin = onnx.load(built / "model.onnx")
    # transformers.js takes a dimension that has a name for one that grows from 0.
    for value in [*twin.graph.input, *twin.graph.output]:
        for dimension in value.type.tensor_type.shape.dim:
            if dimension.dim_param == "kv_cache_dim":
                dimension.dim_value = model.config.head_dim
    # One file: weights beside it would have to keep the builder's name.
    onnx.save(twin, TARGET / "onnx" / "model_q4.onnx")


with TemporaryDirectory() as folder:
    make(Path(sys.argv[1]).resolve(), Path(folder))
