// A matrix's words, and eight of them at once: the K formats pack units of 32 bytes of parts.
@group(0) @binding(2) var<storage, read> weights: array<u32>;

struct Eight {
  a: vec4u,
  b: vec4u,
}

// The words from word `o` on.
fn eight(o: u32) -> Eight {
  return Eight(
    vec4u(weights[o], weights[o + 1u], weights[o + 2u], weights[o + 3u]),
    vec4u(weights[o + 4u], weights[o + 5u], weights[o + 6u], weights[o + 7u]),
  );
}

fn either(first: Eight, second: Eight, is_second: bool) -> Eight {
  return Eight(select(first.a, second.a, is_second), select(first.b, second.b, is_second));
}

fn shifted(words: Eight, shift: u32) -> Eight {
  return Eight(words.a >> vec4u(shift), words.b >> vec4u(shift));
}
