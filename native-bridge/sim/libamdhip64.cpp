// The functions of libamdhip64 that the bridge calls, over the simulated device. Signatures and numbers are HIP's.
#include "memory.h"
#include "stream.h"
#include "workgroups.h"
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <memory>
#include <set>
#include <sys/mman.h>
#include <unistd.h>

#define API extern "C" __attribute__((visibility("default")))
/** What every function begins with: an error that was planted, or one that stays from before. */
#define ENTER(NAME)                                            \
  if (const int planted = planted_error(NAME)) return planted; \
  if (sticky != SUCCESS) return sticky

using namespace sim;

namespace {

constexpr int SUCCESS = 0;
constexpr int INVALID_VALUE = 1;
constexpr int OUT_OF_MEMORY = 2;
constexpr int NO_DEVICE = 100;
constexpr int INVALID_DEVICE = 101;
constexpr int INVALID_IMAGE = 200;
constexpr int INVALID_HANDLE = 400;
constexpr int NOT_FOUND = 500;
constexpr int NOT_READY = 600;
constexpr int ILLEGAL_ADDRESS = 700;

/** The first kernel's error: as on a GPU, nothing works after it. */
int sticky = SUCCESS;
std::string last_problem = "no error";
std::set<std::string> planted;
int devices = 1;
bool integrated_first = false;
Stream *the_stream;

/** `file` stays open: the loader takes another object under the same name for this one. */
struct Module {
  void *library;
  int file;
};

struct Function {
  const SimKernel *kernel;
  std::string name;
};

int planted_error(const char *name) {
  if (planted.count(name) == 0) return SUCCESS;
  last_problem = std::string("planted in ") + name;
  return std::string(name).find("Malloc") == std::string::npos ? INVALID_VALUE : OUT_OF_MEMORY;
}

int fail(int code, const std::string &problem) {
  last_problem = problem;
  return code;
}

/** Does up to `most` pieces of a stream's work. */
int advance(Stream &stream, size_t most) {
  for (; most > 0 && !stream.waiting.empty(); most--) {
    const Work work = std::move(stream.waiting.front());
    stream.waiting.pop_front();
    const std::string problem = work();
    if (problem.empty()) continue;
    fprintf(stderr, "simulated GPU: %s\n", problem.c_str());
    sticky = ILLEGAL_ADDRESS;
    return fail(sticky, problem);
  }
  return SUCCESS;
}

int finish_all() {
  return the_stream == nullptr ? SUCCESS : advance(*the_stream, SIZE_MAX);
}

int enqueue(Stream *stream, Work work) {
  if (stream == nullptr) return fail(INVALID_HANDLE, "work without a stream: it would wait for all streams");
  if (stream->capture != nullptr) {
    stream->capture->nodes.push_back(std::move(work));
  } else {
    stream->waiting.push_back(std::move(work));
  }
  return SUCCESS;
}

} // namespace

// --- of tests -----------------------------------------------------------------------------------------------------

/** `wave`: 32 or 64 threads a subgroup. Clears earlier errors, planted ones too. */
API void simConfigure(unsigned wave, unsigned seed) {
  configure(wave, seed);
  sticky = SUCCESS;
  last_problem = "no error";
  planted.clear();
  devices = 1;
  integrated_first = false;
  limit_memory(size_t{4} << 30);
}

/** The function of that name fails from now on. */
API void simPlant(const char *function) {
  planted.insert(function);
}

/** Devices that there are; where `first_integrated`, all but the last are part of a processor. */
API void simDevices(int count, int first_integrated) {
  devices = count;
  integrated_first = first_integrated != 0;
}

API void simLimitMemory(uint64_t size_bytes) {
  limit_memory(size_bytes);
}

namespace {

unsigned number_of(const char *variable, unsigned otherwise) {
  const char *text = getenv(variable);
  return text == nullptr ? otherwise : static_cast<unsigned>(strtoul(text, nullptr, 10));
}

/** Of whole processes, which nobody configures. */
[[maybe_unused]] const bool begun = [] {
  simConfigure(number_of("FORGELIGHT_SIM_WAVE", 32), number_of("FORGELIGHT_SIM_SEED", 1));
  return true;
}();

} // namespace

// --- devices ------------------------------------------------------------------------------------------------------

API int hipInit(unsigned) {
  ENTER("hipInit");
  return devices == 0 ? NO_DEVICE + 1 : SUCCESS;
}

API int hipGetDeviceCount(int *count) {
  ENTER("hipGetDeviceCount");
  *count = devices;
  return devices == 0 ? NO_DEVICE : SUCCESS;
}

API int hipSetDevice(int device) {
  ENTER("hipSetDevice");
  return device >= 0 && device < devices ? SUCCESS : fail(INVALID_DEVICE, "no such device");
}

API int hipDeviceGetName(char *name, int length, int device) {
  ENTER("hipDeviceGetName");
  snprintf(name, static_cast<size_t>(length), "Simulated GPU %d, wave %u", device, wave_size());
  return SUCCESS;
}

API int hipGetDevicePropertiesR0600(void *properties, int device) {
  ENTER("hipGetDevicePropertiesR0600");
  if (device < 0 || device >= devices) return fail(INVALID_DEVICE, "no such device");
  // A name no GPU has, somewhere in the structure.
  strcpy(static_cast<char *>(properties) + 1160, "gfx0:sramecc+:xnack-");
  return SUCCESS;
}

API int hipDeviceGetAttribute(int *value, int attribute, int device) {
  ENTER("hipDeviceGetAttribute");
  if (device < 0 || device >= devices) return fail(INVALID_DEVICE, "no such device");
  switch (attribute) {
    case 16: // Integrated
      *value = integrated_first && device < devices - 1 ? 1 : 0;
      return SUCCESS;
    case 63: // MultiprocessorCount
      *value = 4;
      return SUCCESS;
    case 74: // MaxSharedMemoryPerBlock
      *value = 65536;
      return SUCCESS;
    case 87: // WarpSize
      *value = static_cast<int>(wave_size());
      return SUCCESS;
    default:
      return fail(INVALID_VALUE, "an attribute that the simulator does not have");
  }
}

API int hipDriverGetVersion(int *version) {
  ENTER("hipDriverGetVersion");
  *version = 60000000;
  return SUCCESS;
}

API int hipRuntimeGetVersion(int *version) {
  ENTER("hipRuntimeGetVersion");
  *version = 60000000;
  return SUCCESS;
}

API const char *hipGetErrorString(int error) {
  return error == SUCCESS ? "no error" : last_problem.c_str();
}

// --- memory -------------------------------------------------------------------------------------------------------

API int hipMemGetInfo(size_t *free_bytes, size_t *total_bytes) {
  ENTER("hipMemGetInfo");
  *free_bytes = free_memory();
  *total_bytes = total_memory();
  return SUCCESS;
}

API int hipMalloc(void **memory, size_t size_bytes) {
  ENTER("hipMalloc");
  *memory = allocate(size_bytes, false);
  return *memory == nullptr ? fail(OUT_OF_MEMORY, "out of memory") : SUCCESS;
}

API int hipFree(void *memory) {
  ENTER("hipFree");
  if (const int error = finish_all()) return error;
  return release(memory, false) ? SUCCESS : fail(INVALID_VALUE, "freed what is not allocated");
}

API int hipHostMalloc(void **memory, size_t size_bytes, unsigned) {
  ENTER("hipHostMalloc");
  *memory = allocate(size_bytes, true);
  return *memory == nullptr ? fail(OUT_OF_MEMORY, "out of memory") : SUCCESS;
}

API int hipHostFree(void *memory) {
  ENTER("hipHostFree");
  if (const int error = finish_all()) return error;
  return release(memory, true) ? SUCCESS : fail(INVALID_VALUE, "freed what is not allocated");
}

API int hipMemsetAsync(void *memory, int value, size_t size_bytes, Stream *stream) {
  ENTER("hipMemsetAsync");
  if (!owns(memory, size_bytes, false)) return fail(INVALID_VALUE, "sets what is no memory of the device");
  return enqueue(stream, [=] {
    memset(memory, value, size_bytes);
    return std::string();
  });
}

/** `kind` 1: from pinned memory to the device's, 2: back. */
API int hipMemcpyAsync(void *to, const void *from, size_t size_bytes, int kind, Stream *stream) {
  ENTER("hipMemcpyAsync");
  if (kind != 1 && kind != 2) return fail(INVALID_VALUE, "a copy of a kind that the bridge has no use for");
  if (!owns(to, size_bytes, kind == 2) || !owns(from, size_bytes, kind == 1)) {
    return fail(INVALID_VALUE, "copies " + std::to_string(size_bytes) + " bytes from or to what is not pinned, or not the device's");
  }
  return enqueue(stream, [=]() -> std::string {
    if (!owns(to, size_bytes, kind == 2) || !owns(from, size_bytes, kind == 1)) return "copies memory that was freed meanwhile";
    memcpy(to, from, size_bytes);
    return "";
  });
}

// --- streams and events -------------------------------------------------------------------------------------------

API int hipStreamCreateWithFlags(Stream **stream, unsigned) {
  ENTER("hipStreamCreateWithFlags");
  *stream = the_stream = new Stream;
  return SUCCESS;
}

API int hipStreamDestroy(Stream *stream) {
  const int error = finish_all();
  if (the_stream == stream) the_stream = nullptr;
  delete stream;
  return error;
}

API int hipStreamSynchronize(Stream *stream) {
  ENTER("hipStreamSynchronize");
  return advance(*stream, SIZE_MAX);
}

API int hipEventCreateWithFlags(Event **event, unsigned) {
  ENTER("hipEventCreateWithFlags");
  *event = new Event;
  return SUCCESS;
}

API int hipEventDestroy(Event *event) {
  const int error = finish_all();
  delete event;
  return error;
}

API int hipEventRecord(Event *event, Stream *stream) {
  ENTER("hipEventRecord");
  event->done = false;
  return enqueue(stream, [=] {
    event->done = true;
    return std::string();
  });
}

/** Some of the work is done meanwhile. */
API int hipEventQuery(Event *event) {
  ENTER("hipEventQuery");
  if (!event->done && the_stream != nullptr) {
    if (const int error = advance(*the_stream, 1 + random_below(64))) return error;
  }
  return event->done ? SUCCESS : NOT_READY;
}

API int hipEventSynchronize(Event *event) {
  ENTER("hipEventSynchronize");
  while (!event->done && the_stream != nullptr && !the_stream->waiting.empty()) {
    if (const int error = advance(*the_stream, 1)) return error;
  }
  return SUCCESS;
}

// --- code objects and kernels -------------------------------------------------------------------------------------

namespace {

/** Bytes of a shared object, as its own headers say. */
size_t image_bytes(const void *image) {
  const auto *header = static_cast<const Elf64_Ehdr *>(image);
  if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return 0;
  return header->e_shoff + size_t{header->e_shentsize} * header->e_shnum;
}

} // namespace

API int hipModuleLoadData(Module **module, const void *image) {
  ENTER("hipModuleLoadData");
  const size_t size_bytes = image_bytes(image);
  if (size_bytes == 0) return fail(INVALID_IMAGE, "this is no code object of the simulator");
  const int file = memfd_create("code object", 0);
  const bool written = write(file, image, size_bytes) == static_cast<ssize_t>(size_bytes);
  const std::string path = "/proc/self/fd/" + std::to_string(file);
  void *library = written ? dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL) : nullptr;
  auto **services_of = library == nullptr ? nullptr : static_cast<SimServices **>(dlsym(library, "sim_services"));
  if (services_of == nullptr) return fail(INVALID_IMAGE, library == nullptr ? dlerror() : "this is no code object of the simulator");
  *services_of = services();
  *module = new Module{library, file};
  return SUCCESS;
}

API int hipModuleUnload(Module *module) {
  const int error = finish_all();
  dlclose(module->library);
  close(module->file);
  delete module;
  return error;
}

API int hipModuleGetFunction(Function **function, Module *module, const char *name) {
  ENTER("hipModuleGetFunction");
  const auto *kernel = static_cast<const SimKernel *>(dlsym(module->library, name));
  if (kernel == nullptr) return fail(NOT_FOUND, std::string("there is no kernel ") + name);
  *function = new Function{kernel, name};
  return SUCCESS;
}

API int hipModuleLaunchKernel(
  Function *function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned threads, unsigned threads_y, unsigned threads_z,
  unsigned dynamic_bytes, Stream *stream, void **arguments, void **extra
) {
  ENTER("hipModuleLaunchKernel");
  if (threads_y != 1 || threads_z != 1 || extra != nullptr) return fail(INVALID_VALUE, "a launch of a kind that the bridge has no use for");
  if (grid_x == 0 || grid_y == 0 || grid_z == 0) return fail(INVALID_VALUE, "a launch without workgroups");
  // The arguments are the caller's again when this returns.
  const SimKernel &kernel = *function->kernel;
  auto copy = std::make_shared<std::vector<std::vector<char>>>();
  for (unsigned i = 0; i < kernel.argument_count; i++) {
    const char *bytes = static_cast<const char *>(arguments[i]);
    // The bridge packs arguments behind each other, so that what it takes for their sizes can be seen.
    const size_t packed = i + 1 == kernel.argument_count ? 0 : static_cast<size_t>(static_cast<const char *>(arguments[i + 1]) - bytes);
    if (packed != 0 && packed != (size_t{kernel.argument_bytes[i]} + 7) / 8 * 8) {
      return fail(INVALID_VALUE, "argument " + std::to_string(i) + " of " + function->name + " has " +
                                   std::to_string(kernel.argument_bytes[i]) + " bytes");
    }
    copy->emplace_back(bytes, bytes + kernel.argument_bytes[i]);
  }
  const Launch launch = {&kernel, function->name, {grid_x, grid_y, grid_z}, threads, dynamic_bytes};
  return enqueue(stream, [launch, copy] {
    std::vector<void *> pointers;
    for (auto &argument : *copy) pointers.push_back(argument.data());
    return run_kernel(launch, pointers.data());
  });
}

// --- graphs -------------------------------------------------------------------------------------------------------

API int hipStreamBeginCapture(Stream *stream, int) {
  ENTER("hipStreamBeginCapture");
  stream->capture = new Graph;
  return SUCCESS;
}

API int hipStreamEndCapture(Stream *stream, Graph **graph) {
  *graph = stream->capture;
  stream->capture = nullptr; // it ends also where it fails
  ENTER("hipStreamEndCapture");
  return SUCCESS;
}

API int hipGraphInstantiate(Graph **executable, Graph *graph, void *, char *, size_t) {
  ENTER("hipGraphInstantiate");
  *executable = new Graph(*graph);
  return SUCCESS;
}

API int hipGraphLaunch(Graph *executable, Stream *stream) {
  ENTER("hipGraphLaunch");
  for (const Work &node : executable->nodes) enqueue(stream, node);
  return SUCCESS;
}

API int hipGraphDestroy(Graph *graph) {
  delete graph;
  return SUCCESS;
}

API int hipGraphExecDestroy(Graph *executable) {
  delete executable;
  return SUCCESS;
}
