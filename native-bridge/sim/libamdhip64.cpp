// The functions of libamdhip64 that the bridge calls, over the simulated device. Signatures and numbers are HIP's.
#include "memory.h"
#include "runtime.h"
#include "workgroups.h"
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace sim;

namespace {

int devices = 1;
bool integrated_first = false;

} // namespace

// --- of tests -----------------------------------------------------------------------------------------------------

/** `wave`: 32 or 64 threads a subgroup. Memory ends at forbidden pages where the seed is odd, and begins at them where it is even. Clears earlier errors, planted ones too. */
API void simConfigure(unsigned wave, unsigned seed) {
  configure(wave, seed);
  place_memory(seed % 2 == 1 ? Placement::AtEnd : Placement::AtStart);
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

/** What messages call the memory that begins there. */
API void simNameMemory(const void *memory, const char *name) {
  name_memory(memory, name);
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

API int hipEventCreateWithFlags(Event **event, unsigned flags) {
  ENTER("hipEventCreateWithFlags");
  *event = new Event;
  (*event)->timed = (flags & 2) == 0; // DisableTiming
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
    event->at_ms = stream->busy_ms;
    return std::string();
  });
}

API int hipEventElapsedTime(float *milliseconds, const Event *start, const Event *end) {
  ENTER("hipEventElapsedTime");
  if (!start->timed || !end->timed) return fail(INVALID_HANDLE, "the time of an event that keeps none");
  if (!start->done || !end->done) return NOT_READY;
  *milliseconds = static_cast<float>(end->at_ms - start->at_ms);
  return SUCCESS;
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
