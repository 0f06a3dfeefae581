import { serveJobs } from '../parallel/jobs.js';
import { viewHandler } from './viewHandler.js';

serveJobs(viewHandler);
