/** A file with no whole picture in it, as data: errors do not keep their class between threads. */
export interface BrokenPicture {
  readonly file: string;
  readonly reason: string;
}
