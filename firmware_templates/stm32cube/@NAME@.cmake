# @NAME@.cmake: @MARK@
# Adds the model to a CubeMX project: include(@NAME@.cmake) at the end of its CMakeLists.txt.
target_sources(${CMAKE_PROJECT_NAME} PRIVATE
    ${CMAKE_CURRENT_LIST_DIR}/Core/Src/@NAME@.c
    ${CMAKE_CURRENT_LIST_DIR}/Core/Src/@NAME@_selftest.c
    ${CMAKE_CURRENT_LIST_DIR}/Core/Src/@NAME@_evaluate.c
    ${CMAKE_CURRENT_LIST_DIR}/Core/Src/app_@NAME@.c
    ${CMAKE_CURRENT_LIST_DIR}/Core/Src/app_@NAME@_hal.c
)
