"""One conversion pattern a module (or a package of small ones), found by scanning this package."""
