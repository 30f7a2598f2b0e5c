/** Parts that the tests can do without, as test-support/src/skipped.rs has it for those in Rust: what `npm ci` installs in this folder. */

/**
 * An installed package. Without it the test is skipped; with `REQUIRE_ALL=1` it fails.
 *
 * @returns null where the test is skipped.
 */
export async function moduleFor(test, name) {
  try {
    return await import(name);
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND' || process.env.REQUIRE_ALL === '1') throw error;
    test.skip(`${name} is missing (npm ci in tests/module)`);
    return null;
  }
}

/** The same for the default export of a package. */
export async function packageFor(test, name) {
  return (await moduleFor(test, name))?.default ?? null;
}
