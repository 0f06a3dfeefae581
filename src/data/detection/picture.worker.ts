import { serveJobs } from '../parallel/jobs.js';
import { pictureHandler } from './pictureHandler.js';

serveJobs(pictureHandler);
