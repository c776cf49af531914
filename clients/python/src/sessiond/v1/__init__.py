# Generated from proto/ by `npm run gen`.
