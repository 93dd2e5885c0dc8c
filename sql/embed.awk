BEGIN { print "#pragma once" > header; print "#include \"sql.h\"" > source }
