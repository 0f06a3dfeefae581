import { serveJobs } from '../parallel/jobs.js';
import { detectionHandler } from './loadPicture.js';

serveJobs(detectionHandler);
