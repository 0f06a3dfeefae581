/** Where decoded pictures stay from epoch to epoch: three bytes a pixel, as many as there is room for. */
export type CacheOptions =
  | { readonly kind: 'memory'; readonly maxBytes: number }
  | { readonly kind: 'disk'; readonly maxBytes: number; readonly folder: string };
