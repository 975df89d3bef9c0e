/** Twice the values of E2M1 by their nibble, the sign in the fourth bit. Source: OCP Microscaling Formats 1.0. */
export const E2M1_DOUBLED = Int8Array.of(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12);
