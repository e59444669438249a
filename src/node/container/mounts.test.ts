import { expect, test } from 'vitest';
import { checkHostPath } from './mounts.ts';

// A pod with such a volume once made its node's agent turn in circles for ever.
test('a hostPath that cannot be made is an error, and comes at once', async () => {
  await expect(checkHostPath('/proc/x', 'DirectoryOrCreate')).rejects.toThrow('ENOENT');
});
