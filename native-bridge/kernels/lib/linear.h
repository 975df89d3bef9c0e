// What the shapes of matvec share: their words, and what ends a dot product.
#pragma once
#include "epilogue.h"

struct MatvecParams {
  u32 rows;
  u32 units; // columns / 32
  u32 plane; // word at which the weights' side plane begins
  u32 y_stride;
  u32 y_offset;
  f32 scale; // of what is stored or added
  u32 of_outputs; // 1: the batch is the step's outputs, else its rows
  f32 epsilon; // of the norm, in shapes that take one
};

struct MatvecConstants {
  u32 BATCH; // rows that share a reading of the weights; at most the instance's CAPACITY
  u32 EPILOGUE;
  u32 ACTIVATION;
  u32 NORM; // 1: rows of x are normed, in shapes that take that
};

// The epilogue of dot product `v`; `up` is that of the row `rows` further on, for GLU alone.
FN void finish(const MatvecParams &params, const MatvecConstants &constants, f32 *y, f32 v, f32 up, u32 to) {
  f32 value = v;
  if (constants.EPILOGUE == GLU) value = activate(constants.ACTIVATION, v) * up;
  value *= params.scale;
  if (constants.EPILOGUE == ADD) value += y[to];
  y[to] = value;
}
