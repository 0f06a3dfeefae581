import { z } from 'zod';

/** A whole number from 1. */
export const count = z.int().positive();
/** A number above 0. */
export const positive = z.number().positive();
/** A number from 0 to 1. */
export const fraction = z.number().min(0).max(1);
/** A file or folder, as the file system takes it; a relative one starts at the working folder. */
export const path = z.string().min(1);
