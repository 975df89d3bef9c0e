// What all threads of a workgroup need of x and of a norm's weights. They call these together; `lane` is what `read_lane` gave.
import reads::{ SHARED, from_quad };
import package::lib::batch::x;
import package::lib::norm::norm;

// Eight quads of x from quad `o` on.
fn x_unit(o: u32, lane: u32) -> array<vec4f, 8> {
  if (SHARED) { return of_both(from_quad(x[o + lane]), from_quad(x[o + 4u + lane])); }
  return array<vec4f, 8>(x[o], x[o + 1u], x[o + 2u], x[o + 3u], x[o + 4u], x[o + 5u], x[o + 6u], x[o + 7u]);
}

// Eight quads of the norm's weights from quad `o` on.
fn norm_unit(o: u32, lane: u32) -> array<vec4f, 8> {
  if (SHARED) { return of_both(from_quad(norm[o + lane]), from_quad(norm[o + 4u + lane])); }
  return array<vec4f, 8>(
    norm[o], norm[o + 1u], norm[o + 2u], norm[o + 3u], norm[o + 4u], norm[o + 5u], norm[o + 6u], norm[o + 7u],
  );
}

// Quad `o` of x and three more, each `stride` quads behind the one before.
fn x_column(o: u32, stride: u32, lane: u32) -> mat4x4f {
  if (SHARED) { return from_quad(x[o + lane * stride]); }
  return mat4x4f(x[o], x[o + stride], x[o + 2u * stride], x[o + 3u * stride]);
}

fn of_both(a: mat4x4f, b: mat4x4f) -> array<vec4f, 8> {
  return array<vec4f, 8>(a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3]);
}
