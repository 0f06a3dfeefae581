import { describe, expect, it } from 'vitest';
import { explainPipFailure, findPip } from '../../../src/tensorflow/install/pip.js';
import { findPackage } from '../../../src/tensorflow/install/wheels.js';

const target = findPackage('linux-x64', 'cpu')!;

it('no Python on the machine', async () => {
  await expect(findPip({ PATH: '/no/such/folder' })).rejects.toThrow('There is no Python with pip on this machine.');
});

describe('explainPipFailure', () => {
  it.each([
    [
      "WARNING: Retrying (Retry(total=4)) after connection broken by 'NewConnectionError: Failed to establish a new connection: [Errno -3] Temporary failure in name resolution': /simple/tensorflow-cpu/\nERROR: Could not find a version that satisfies the requirement tensorflow-cpu==2.21.0 (from versions: none)",
      'there is no connection to the package index',
    ],
    ['ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device', 'the disk is full'],
    [
      'SSLError(SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED]"))\nERROR: No matching distribution found',
      'the secure connection was refused',
    ],
    ["Retrying after connection broken by 'ProxyError('Cannot connect to proxy.')'", 'the proxy cannot be reached'],
    [
      'ERROR: No matching distribution found for tensorflow-cpu==2.21.0',
      'the package index cannot be reached, or does not have it',
    ],
    ['ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.', 'not the published one'],
    ['no such option: --progress-bar', 'this pip is too old'],
    ['Segmentation fault', 'pip failed.'],
  ])('%s', (output, cause) => {
    const message = explainPipFailure(output, target.wheels[0]!, target);
    expect(message).toContain(`Could not download tensorflow-cpu==2.21.0: `);
    expect(message).toContain(cause);
  });

  it('keeps what pip said, and names the way around pip', () => {
    expect(explainPipFailure('one\ntwo', target.wheels[0]!, target)).toMatchInlineSnapshot(`
      "Could not download tensorflow-cpu==2.21.0: pip failed.
      What pip said:
        one
        two
      Without pip here: run \`pip download --no-deps --only-binary=:all: --python-version 3.11 --implementation cp --abi cp311 --abi none --platform manylinux_2_27_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 --platform manylinux_2_12_x86_64 --platform manylinux2010_x86_64 --platform manylinux_2_5_x86_64 --platform manylinux1_x86_64 tensorflow-cpu==2.21.0\` on another machine, then \`npx cmtdet setup --wheel FILE\`."
    `);
  });
});
