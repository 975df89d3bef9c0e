// What the functions of the stand-in share: their errors, and the stream whose work waits.
#pragma once
#include "stream.h"
#include <set>
#include <string>

#define API extern "C" __attribute__((visibility("default")))
/** What every function begins with: an error that was planted, or one that stays from before. */
#define ENTER(NAME)                                            \
  if (const int planted = planted_error(NAME)) return planted; \
  if (sticky != SUCCESS) return sticky

namespace sim {

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
extern int sticky;
extern std::string last_problem;
/** Functions that fail, as a test wants it. */
extern std::set<std::string> planted;
extern Stream *the_stream;

int planted_error(const char *name);
int fail(int code, const std::string &problem);
/** Does up to `most` pieces of a stream's work. */
int advance(Stream &stream, size_t most);
int finish_all();
int enqueue(Stream *stream, Work work);

} // namespace sim
