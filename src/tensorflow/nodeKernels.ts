/**
 * tfjs-node's backend, and about 150 kernels that translate tfjs operations for it. The build makes one file of this and what it needs of
 * the package, whose install script would fetch a TensorFlow of 2022 (docs/decisions/0015-kernels-in-the-package.md).
 */
import './nodeUtil.js';
import '@tensorflow/tfjs-node-gpu/dist/register_all_kernels.js';

export { NodeJSKernelBackend } from '@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js';
