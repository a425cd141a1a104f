import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // The package is tested as it is published: Node loads dist/ itself, vitest does not rewrite it.
    server: { deps: { external: [/\/dist\//] } },
    pool: 'forks',
    maxWorkers: '100%',
    execArgv: ['--expose-gc'],
    testTimeout: 30_000,
    typecheck: { enabled: true, include: ['test/types/**/*.test-d.ts'], ignoreSourceErrors: true },
  },
})
