// The token that a row embeds: the step's, or the one that was chosen last for its slot and never left the device.
import package::lib::step::{ row_token, row_slot, ON_DEVICE };

@group(0) @binding(3) var<storage, read> sampled: array<u32>; // [slots]

fn token_of(row: u32) -> u32 {
  let token = row_token(row);
  if (token == ON_DEVICE) { return sampled[row_slot(row)]; }
  return token;
}
