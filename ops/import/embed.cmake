# Writes OUT: the text of each of MAPS as a C string, and the function that lists them.
set (text "#include \"import/map.h\"\n\nstatic const struct {\n    const char *name;\n    const char *text;\n} maps[] = {\n")
foreach (map ${MAPS})
  get_filename_component (name ${map} NAME_WE)
  file (READ ${map} content)
  string (REPLACE "\\" "\\\\" content "${content}")
  string (REPLACE "\"" "\\\"" content "${content}")
  string (REPLACE "\n" "\\n\"\n      \"" content "${content}")
  string (APPEND text "    { \"${name}\",\n      \"${content}\" },\n")
endforeach ()
string (APPEND text "};\n\nbool\ntt_map_builtin (size_t i, const char **name, const char **text)\n{\n"
        "    if (i >= sizeof maps / sizeof maps[0])\n        return false;\n    *name = maps[i].name;\n    *text = maps[i].text;\n    return true;\n}\n")
file (WRITE ${OUT} "${text}")
