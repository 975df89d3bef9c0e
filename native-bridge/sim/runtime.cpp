#include "runtime.h"
#include <chrono>
#include <cstdint>
#include <cstdio>

namespace sim {

int sticky = SUCCESS;
std::string last_problem = "no error";
std::set<std::string> planted;
Stream *the_stream;

int planted_error(const char *name) {
  if (planted.count(name) == 0) return SUCCESS;
  last_problem = std::string("planted in ") + name;
  return std::string(name).find("Malloc") == std::string::npos ? INVALID_VALUE : OUT_OF_MEMORY;
}

int fail(int code, const std::string &problem) {
  last_problem = problem;
  return code;
}

int advance(Stream &stream, size_t most) {
  for (; most > 0 && !stream.waiting.empty(); most--) {
    const Work work = std::move(stream.waiting.front());
    stream.waiting.pop_front();
    const auto begun = std::chrono::steady_clock::now();
    const std::string problem = work();
    stream.busy_ms += std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count();
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

} // namespace sim
