// What streams and graphs hold: work in its order, done only when somebody waits for it or asks how far it is, as late as on a GPU.
#pragma once
#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace sim {

/** Done when its turn has come; what went wrong, or empty. */
using Work = std::function<std::string()>;

struct Event {
  bool recorded = false;
  bool done = true;
  bool timed = true;
  /** On its stream's clock, which runs only while the stream works. */
  double at_ms = 0;
};

struct Graph {
  std::vector<Work> nodes;
};

struct Stream {
  std::deque<Work> waiting;
  /** Where work goes while it is captured. */
  Graph *capture = nullptr;
  /** What its work has taken so far. */
  double busy_ms = 0;
};

} // namespace sim
