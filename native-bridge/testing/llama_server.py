"""llama.cpp's own HTTP server as a process: its C++ code comes in a wheel. Arguments: folder of the wheel, model, API key."""
import sys
import threading

folder, model, key = sys.argv[1:]
sys.path.insert(0, folder)
import xllamacpp  # noqa: E402

params = xllamacpp.CommonParams()
params.model.path = model
params.model_alias = ["smol"]
params.hostnames = ["127.0.0.1"]
params.port = 0
params.api_keys = [key]
params.endpoint_slots = True
params.ui = False
params.warmup = False
params.n_gpu_layers = 0
params.n_ctx = 1024
params.n_parallel = 1
params.cpuparams.n_threads = 1
params.cpuparams_batch.n_threads = 1
server = xllamacpp.Server(params)
print(f"READY {server.listening_address}", flush=True)
threading.Event().wait()
