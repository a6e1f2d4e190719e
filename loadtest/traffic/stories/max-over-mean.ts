/** The dial by which a story is told the skew that it is to make. */
export const MAX_OVER_MEAN = {
  option: "max-over-mean",
  kind: "number",
  min: 0,
  max: 1_000,
  default: 0,
  meaning: "pick what gives this max/mean on the server's placement; 0: none asked for",
} as const;
