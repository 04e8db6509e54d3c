/** Costs that differ by less than this factor may be the same: two copies of one server do so. */
export const TIE = 1.1;
