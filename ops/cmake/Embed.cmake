# cmake -D IN=file -D OUT=header -D NAME=array -P Embed.cmake: the bytes of a file as a C array.
file (READ ${IN} hex HEX)
string (REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file (WRITE ${OUT} "static const unsigned char ${NAME}[] = { ${bytes} };\n")
