// Where the tokens of a text lie: beside its keys and values, in the same blocks of the pool that sees all, one word a position. Requests
// that share blocks share their tokens too.
import package::lib::step::row_block;

// The word of the token at `position` of the row's sequence.
fn text_address(row: u32, position: u32, block_tokens: u32) -> u32 {
  return row_block(row, 0u, position, block_tokens) * block_tokens + position % block_tokens;
}
