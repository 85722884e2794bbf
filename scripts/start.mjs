/**
 * `npm start`: the set-up, then the whole mesh under `.local/` on free ports of the loopback, a short tour of the main
 * job, and the mesh stays up until Ctrl-C. Options: `--bridges N`, `--no-tour`, `--fresh` (scripts/mesh.mjs).
 */
import { join } from 'node:path';
import { line, locked, paint, readOptions, sayUp, warn, withMesh } from './mesh.mjs';
import { main, ROOT, setUp } from './set-up.mjs';

await main(async () => {
  const options = readOptions('npm start -- [--bridges N] [--no-tour] [--fresh]', {
    tour: { type: 'boolean', default: true },
  });
  await setUp((text) => console.log(`· ${text}`));
  return locked(() =>
    withMesh(options, async (mesh, stopping) => {
      const code = options.tour ? await Promise.race([tour(mesh), stopping.then(() => 0)]) : 0;
      sayUp(mesh);
      console.log('Ctrl-C stops it.');
      await stopping;
      return code;
    }),
  );
});

/** After a tour that fails the mesh stays up, so that its state can be examined. */
async function tour(mesh) {
  const { runTour } = await import(join(ROOT, 'libs/testkit/dist/mesh/tour.http.js'));
  console.log('\nA tour of the main job:');
  try {
    await runTour(mesh, ({ title, tookMs, detail }) => line(`${title}: ${paint(36, detail)}`, tookMs));
    return 0;
  } catch (error) {
    warn(error.message);
    return 1;
  }
}
