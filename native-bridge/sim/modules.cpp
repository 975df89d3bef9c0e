// Code objects, which are shared objects of this host, and launches of their kernels.
#include "runtime.h"
#include "workgroups.h"
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <memory>
#include <sys/mman.h>
#include <unistd.h>

using namespace sim;

namespace {

/** `file` stays open: the loader takes another object under the same name for this one. */
struct Module {
  void *library;
  int file;
};

struct Function {
  const SimKernel *kernel;
  std::string name;
};

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
  const SimKernel &kernel = *function->kernel;
  if (threads != kernel.threads) {
    return fail(INVALID_VALUE, function->name + " has workgroups of " + std::to_string(kernel.threads) + " threads, not " + std::to_string(threads));
  }
  // The arguments are the caller's again when this returns.
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
